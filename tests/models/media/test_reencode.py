"""Re-encoded recordings: the same pictures at the same times, the same bytes, and nothing else."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.contract import Square
from models.media import reencode
from models.media.sampling import MediaError, Recording
from tests import media_files


def opened(folder: Path, name: str, content: bytes) -> Recording:
    return Recording.open(media_files.write(folder, name, content))


def pictures(recording: Recording) -> np.ndarray:
    return np.stack(list(recording.source.read(range(len(recording.source.times_s)))))


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b.astype(float)).mean()))


class TestWhole:
    def test_a_clip_keeps_its_pictures_and_times(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif(frames=9, frame_ms=130))
        reencode.write_full_frame(source, tmp_path / "whole.mp4")
        whole = Recording.open(tmp_path / "whole.mp4")
        assert whole.source.times_s == pytest.approx(source.source.times_s, abs=1e-4)
        assert whole.source.duration_s == pytest.approx(source.source.duration_s or 0, abs=1e-3)
        assert whole.sampled() == source.sampled()
        assert decibels(pictures(source), pictures(whole)) > 38  # of noise, the hardest there is

    def test_frames_shown_for_unequal_times_stay_so(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        first, *others = [Image.fromarray(media_files.speckle(seed=n)) for n in range(4)]
        first.save(file, "GIF", save_all=True, append_images=others, duration=[40, 900, 200, 70])
        source = opened(tmp_path, "uneven.gif", file.getvalue())
        reencode.write_full_frame(source, tmp_path / "whole.mp4")
        times_s = Recording.open(tmp_path / "whole.mp4").source.times_s
        assert times_s == pytest.approx([0, 0.04, 0.94, 1.14], abs=1e-3)

    def test_odd_sides_gain_a_pixel_and_the_picture_stays_where_it_was(
        self, tmp_path: Path
    ) -> None:
        source = opened(tmp_path, "odd.gif", media_files.gif(width=97, height=65))
        reencode.write_full_frame(source, tmp_path / "whole.mp4")
        shown = pictures(Recording.open(tmp_path / "whole.mp4"))
        assert shown.shape[1:3] == (66, 98)
        assert decibels(pictures(source), shown[:, :65, :97]) > 38

    def test_a_picture_keeps_every_bit(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "still.png", media_files.image(width=97, height=65))
        reencode.write_full_frame(source, tmp_path / "whole.png")
        again = Recording.open(tmp_path / "whole.png")
        assert np.array_equal(source.still(), again.still())

    def test_colours_are_kept(self, tmp_path: Path) -> None:
        colours = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
        again = Image.open(io.BytesIO(reencode.png(colours))).convert("RGB")
        assert np.array_equal(np.asarray(again), colours)

    @pytest.mark.parametrize("form", ["mp4", "png"])
    def test_the_same_pictures_give_the_same_bytes(self, tmp_path: Path, form: str) -> None:
        content = media_files.video(seconds=2) if form == "mp4" else media_files.image()
        source = opened(tmp_path, "source", content)
        assert reencode.suffix(source) == form
        for name in ("one", "two"):
            reencode.write_full_frame(source, tmp_path / name)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

    def test_the_encoder_signs_nothing(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip", media_files.video(codec="libx264"))
        assert b"x264" in (tmp_path / "clip").read_bytes()
        reencode.write_full_frame(source, tmp_path / "whole.mp4")
        content = (tmp_path / "whole.mp4").read_bytes()
        assert b"x264" not in content
        assert b"Lavf" not in content


class TestSquare:
    def test_a_clip_shows_the_square(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif())
        reencode.write_square(source, Square(20, 3, 41), tmp_path / "square.mp4")
        shown = pictures(Recording.open(tmp_path / "square.mp4"))
        assert shown.shape[1:3] == (40, 40)
        assert decibels(pictures(source)[:, 3:43, 20:60], shown) > 38

    def test_a_picture_shows_the_square(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "still.png", media_files.image())
        reencode.write_square(source, Square(20, 3, 41), tmp_path / "square.png")
        again = Recording.open(tmp_path / "square.png").still()
        assert np.array_equal(again, source.still()[3:44, 20:61])

    def test_a_square_outside_is_refused(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif())
        with pytest.raises(MediaError, match="inside the picture"):
            reencode.write_square(source, Square(60, 3, 41), tmp_path / "square.mp4")


class TestTrim:
    def test_the_part_in_between_starts_at_nought(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif(frames=10, frame_ms=200))
        part = source.trimmed(0.4, 1.2)
        assert part.source.times_s == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
        assert part.source.duration_s == pytest.approx(1.0)
        assert np.array_equal(pictures(part), pictures(source)[2:7])

    def test_an_open_end_is_the_recordings_own(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif(frames=10, frame_ms=200))
        assert len(source.trimmed(1.0, None).source.times_s) == 5
        assert len(source.trimmed(None, 1.0).source.times_s) == 6
        assert source.trimmed(None, None) is source

    def test_it_is_sampled_anew(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif(frames=10, frame_ms=200))
        frames = list(source.trimmed(0.4, 1.2).frames(Square(0, 0, 64)))
        assert [frame.time_s for frame in frames] == pytest.approx([0, 0.4, 0.6])

    def test_a_moment_without_a_frame_is_refused(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "clip.gif", media_files.gif(frames=10, frame_ms=200))
        with pytest.raises(MediaError, match="No frame is shown") as refused:
            source.trimmed(5, 6)
        assert refused.value.code == "trim_outside"
