"""Names drawn into pictures and clips are found where they stand."""

import io
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from models.media.masking import TextBox
from models.media.sampling import Recording
from models.media.square import Picture
from models.media.text.reader import read_lines
from models.media.text.search import find_text
from models.phantom.lettering import FACES, Face, Written, write
from tests import media_files

NAME = "Erika Mustermann"
LARGE = FACES[4]


def speckle(height: int, width: int, seed: int = 1) -> Picture:
    rng = np.random.default_rng(seed)
    grey = np.clip(rng.rayleigh(45, (height, width, 1)), 0, 255).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


def png(folder: Path, picture: Picture) -> Recording:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return Recording.open(media_files.write(folder, "still.png", content.getvalue()))


def clip(folder: Path, pictures: list[Picture]) -> Recording:
    path = folder / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Recording.open(path)


def covers(boxes: list[TextBox], truth: Written) -> bool:
    share = truth.share_in([(box.x, box.y, box.width, box.height) for box in boxes])
    return share == 1.0


@pytest.mark.parametrize("face", FACES, ids=lambda face: f"{face.name} {face.size:g}")
def test_a_name_is_found_in_every_face_on_black_and_on_speckle(tmp_path: Path, face: Face) -> None:
    field = speckle(300, 360)
    field[:100] = 0
    for y in (30, 200):
        written, truth = write(field, NAME, face, 60, y)
        boxes = find_text(png(tmp_path, written))
        assert covers(boxes, truth), y
        assert any(box.name_like for box in boxes), y


def test_plain_speckle_has_no_text(tmp_path: Path) -> None:
    assert find_text(png(tmp_path, speckle(300, 360))) == []


def test_a_scale_is_text_and_no_name(tmp_path: Path) -> None:
    written, truth = write(speckle(300, 360), "Depth 14 cm", LARGE, 60, 40)
    boxes = find_text(png(tmp_path, written))
    assert covers(boxes, truth)
    assert not any(box.name_like for box in boxes)


def test_small_letters_are_found_in_a_large_picture() -> None:
    field = np.zeros((1080, 1440, 3), dtype=np.uint8)
    field[200:1000, 300:1100] = speckle(800, 800)
    written, truth = write(field, NAME, FACES[1], 900, 500)
    lines = read_lines(written)
    boxes = [(line.x, line.y, line.width, line.height) for line in lines]
    assert truth.share_in(boxes) > 0.9


def test_letters_that_stay_are_found_in_a_moving_clip_and_so_are_titles(tmp_path: Path) -> None:
    moving = [speckle(240, 320, seed) for seed in range(12)]
    named = [write(picture, NAME, LARGE, 40, 20) for picture in moving]
    boxes = find_text(clip(tmp_path, [picture for picture, _ in named]))
    assert covers(boxes, named[0][1])

    title, truth = write(moving[0], NAME, LARGE, 40, 120)
    boxes = find_text(clip(tmp_path, [title, *moving[1:]]))
    assert covers(boxes, truth)


def test_a_word_of_the_header_makes_a_line_name_like(tmp_path: Path) -> None:
    written, _ = write(speckle(300, 360), "yilmaz", LARGE, 60, 40)
    recording = png(tmp_path, written)
    assert [box.name_like for box in find_text(recording)] == [False]
    assert [box.name_like for box in find_text(recording, ["YILMAZ^AYSE"])] == [True]


def test_a_huge_picture_of_nothing_takes_no_reading() -> None:
    dark = cv2.resize(np.full((10, 10, 3), 20, dtype=np.uint8), (4000, 3000))
    assert read_lines(np.asarray(dark, dtype=np.uint8)) == []
