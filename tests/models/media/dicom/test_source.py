import logging
import os
import resource
import struct
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, JPEGBaseline8Bit

from models.contract import Square
from models.media import limits
from models.media.dicom import decoding
from models.media.dicom.source import DicomSource
from models.media.formats import MediaError
from models.media.sampling import Recording
from tests.models.media.dicom.instances import (
    CAPTURE,
    PATIENT,
    PYDICOM,
    US_CLIP,
    US_IMAGE,
    colours,
    dataset,
    grey,
    region,
    regions,
    saved,
    stream,
    video_dataset,
)

NAME = PATIENT.encode()
_QUICK_S = 5.0
"""Far more than any refusal takes, on a machine that many share."""


def opened(folder: Path, made: FileDataset) -> DicomSource:
    return DicomSource(saved(made, folder / "instance"))


def refused(path: Path) -> MediaError:
    """The error for a file that cannot be screened; it comes quickly and tells nobody's name."""
    began = time.process_time()
    with pytest.raises(MediaError) as refusal:
        list(Recording.open(path).frames(Square(0, 0, 64)))
    assert time.process_time() - began < _QUICK_S
    assert "Lindqvist" not in refusal.value.message
    assert str(path) not in refusal.value.message
    return refusal.value


def pictured(folder: Path, **elements: Any) -> Path:
    return saved(dataset(grey(), **elements), folder / "instance")


class TestTimes:
    def test_frame_time_comes_first(self, tmp_path: Path) -> None:
        source = opened(tmp_path, dataset(grey(), FrameTime=40, CineRate=10))
        assert list(source.times_s) == pytest.approx([0, 0.04, 0.08, 0.12])
        assert source.duration_s == pytest.approx(0.16)
        assert source.acquisition.notes == ()

    def test_then_the_vector_whose_first_value_is_before_the_first_frame(
        self, tmp_path: Path
    ) -> None:
        made = dataset(grey(), FrameTimeVector=[0, 30, 50, 40], CineRate=10)
        del made.FrameTime
        source = opened(tmp_path, made)
        assert list(source.times_s) == pytest.approx([0, 0.03, 0.08, 0.12])
        assert source.acquisition.notes == ()

    @pytest.mark.parametrize("vector", [[0, 30], [0, 30, -5, 40], [0, 30, 1e9, 40]])
    def test_a_vector_of_nonsense_is_passed_over(self, vector: list[float], tmp_path: Path) -> None:
        made = dataset(grey(), FrameTimeVector=vector, CineRate=20)
        del made.FrameTime
        assert list(opened(tmp_path, made).times_s) == pytest.approx([0, 0.05, 0.1, 0.15])

    @pytest.mark.parametrize("keyword", ["CineRate", "RecommendedDisplayFrameRate"])
    def test_then_a_rate_of_which_people_are_told(self, keyword: str, tmp_path: Path) -> None:
        made = dataset(grey(), FrameTime=0)
        setattr(made, keyword, 10)
        source = opened(tmp_path, made)
        assert list(source.times_s) == pytest.approx([0, 0.1, 0.2, 0.3])
        assert any("10 a second" in note for note in source.acquisition.notes)

    def test_with_nothing_25_a_second_are_assumed_and_people_are_told(self, tmp_path: Path) -> None:
        made = dataset(grey())
        del made.FrameTime
        source = opened(tmp_path, made)
        assert source.times_s[1] == pytest.approx(0.04)
        assert any("assumed" in note for note in source.acquisition.notes)

    def test_with_nothing_a_stream_of_video_tells(self, tmp_path: Path) -> None:
        made = video_dataset(
            stream("libx264", "mpegts", rate=10), "1.2.840.10008.1.2.4.102", frames=12
        )
        del made.FrameTime
        source = opened(tmp_path, made)
        assert list(source.times_s) == pytest.approx([n / 10 for n in range(12)])
        assert source.acquisition.notes == ()


class TestRegions:
    def test_the_square_is_that_of_the_region_and_the_depth_is_kept(self, tmp_path: Path) -> None:
        made = dataset(grey(), SequenceOfUltrasoundRegions=regions(region((20, 4, 69, 53), cm=0.3)))
        probe = Recording.open(saved(made, tmp_path / "instance")).probe()
        assert probe.square == Square(20, 4, 50)
        assert probe.depth_mm == pytest.approx(150)
        assert probe.mm_per_pixel == pytest.approx(3)

    def test_a_wider_region_is_in_the_middle_of_its_square(self, tmp_path: Path) -> None:
        made = dataset(grey(), SequenceOfUltrasoundRegions=regions(region((10, 12, 69, 51))))
        assert opened(tmp_path, made).acquisition.square == Square(10, 2, 60)

    def test_of_a_video_the_square_lies_in_the_pictures_of_the_stream(self, tmp_path: Path) -> None:
        made = video_dataset(stream("libx264", "mp4"), "1.2.840.10008.1.2.4.102")
        made.Rows, made.Columns = 480, 640
        made.SequenceOfUltrasoundRegions = regions(region((20, 4, 600, 470)))
        assert opened(tmp_path, made).acquisition.square == Square(26, 0, 64)

    def test_doppler_and_m_mode_beside_the_picture_are_left_out_and_told(
        self, tmp_path: Path
    ) -> None:
        made = dataset(
            grey(),
            SequenceOfUltrasoundRegions=regions(
                region((0, 32, 95, 63), spatial=3, data=3), region((32, 0, 63, 31))
            ),
        )
        found = opened(tmp_path, made).acquisition
        assert found.square == Square(32, 0, 32)
        assert any("spectral Doppler" in note for note in found.notes)

    def test_two_pictures_and_colour_doppler_are_told(self, tmp_path: Path) -> None:
        made = dataset(
            grey(),
            SequenceOfUltrasoundRegions=regions(
                region((0, 0, 47, 63)), region((50, 0, 95, 63)), region((5, 5, 40, 40), data=2)
            ),
        )
        found = opened(tmp_path, made).acquisition
        assert found.square == Square(0, 0, 64)
        assert [word for note in found.notes for word in ("two", "colour") if word in note] == [
            "two",
            "colour",
        ]

    @pytest.mark.parametrize(
        ("spatial", "data", "name"), [(2, 1, "M-mode"), (3, 3, "spectral Doppler")]
    )
    def test_a_recording_of_nothing_else_is_refused_by_name(
        self, spatial: int, data: int, name: str, tmp_path: Path
    ) -> None:
        strip = regions(region((0, 0, 95, 63), spatial=spatial, data=data))
        error = refused(pictured(tmp_path, SequenceOfUltrasoundRegions=strip))
        assert (error.code, name in error.message) == ("unsupported_type", True)

    @pytest.mark.parametrize(
        "corners", [(0, 0, 5, 5), (90, 60, 300, 300), (60, 50, 10, 10), (2**31, 0, 2**32 - 1, 9)]
    )
    def test_a_region_of_nonsense_counts_as_none(
        self, corners: tuple[int, int, int, int], tmp_path: Path
    ) -> None:
        made = dataset(grey(), SequenceOfUltrasoundRegions=regions(region(corners)))
        assert opened(tmp_path, made).acquisition.square is None

    @pytest.mark.parametrize("cm", [None, 0.0, 1e300, -1e-300, float("nan")])
    def test_a_scale_of_nonsense_counts_as_none(self, cm: float | None, tmp_path: Path) -> None:
        made = dataset(grey(), SequenceOfUltrasoundRegions=regions(region((0, 0, 63, 63), cm=cm)))
        found = opened(tmp_path, made).acquisition
        assert found.square == Square(0, 0, 64)
        assert (found.depth_mm, found.mm_per_pixel) == (None, None)

    def test_without_a_region_the_depth_of_the_scan_and_the_spacing_are_kept(
        self, tmp_path: Path
    ) -> None:
        made = dataset(grey(), DepthOfScanField=120, PixelSpacing=[0.25, 0.25])
        found = opened(tmp_path, made).acquisition
        assert (found.square, found.depth_mm, found.mm_per_pixel) == (None, 120, 0.25)

    @pytest.mark.parametrize("spacing", ["1e300", "1e-9", "0"])
    def test_an_absurd_spacing_is_none(self, spacing: str, tmp_path: Path) -> None:
        made = dataset(grey(), PixelSpacing=[spacing, spacing])
        assert opened(tmp_path, made).acquisition.mm_per_pixel is None

    def test_pixels_that_are_not_square_are_shown_as_they_are_meant(self, tmp_path: Path) -> None:
        made = dataset(
            grey(),
            PixelAspectRatio=[1, 2],
            SequenceOfUltrasoundRegions=regions(region((16, 0, 47, 63))),
        )
        source = opened(tmp_path, made)
        assert next(source.read([0])).shape == (64, 192, 3)
        assert source.acquisition.square == Square(32, 0, 64)


class TestRefusals:
    @pytest.mark.parametrize(
        ("sop_class", "modality", "name"),
        [
            ("1.2.840.10008.5.1.4.1.1.2", "CT", "CT"),
            ("1.2.840.10008.5.1.4.1.1.1", "CR", "computed radiograph"),
            ("1.2.840.10008.5.1.4.1.1.4", "MR", "MR"),
            ("1.2.840.10008.5.1.4.1.1.12.1", "XA", "X-ray angiogram"),
            ("1.2.840.10008.5.1.4.1.1.88.11", "SR", "structured report"),
            ("1.2.840.10008.5.1.4.1.1.104.1", "DOC", "document"),
            ("1.2.840.10008.5.1.4.1.1.88.59", "KO", "key objects"),
            ("1.2.840.10008.5.1.4.1.1.11.1", "PR", "presentation state"),
            ("1.2.840.10008.5.1.4.1.1.6.2", "US", "Enhanced US Volume"),
            (CAPTURE, "CT", "captured from a CT"),
            ("1.2.840.10008.1.3.10", "", "DICOMDIR"),
            ("1.2.3.4", "LINDQVIST", "not known here"),
        ],
    )
    def test_what_is_no_ultrasound_is_refused_by_its_name(
        self, sop_class: str, modality: str, name: str, tmp_path: Path
    ) -> None:
        made = dataset(grey(1), sop_class, Modality=modality)
        error = refused(saved(made, tmp_path / "instance"))
        assert error.code == "unsupported_type"
        assert name in error.message
        assert "LINDQVIST" not in error.message

    def test_a_directory_of_pydicom_is_refused_by_its_name(self) -> None:
        assert "DICOMDIR" in refused(PYDICOM / "dicomdirtests" / "DICOMDIR").message

    @pytest.mark.parametrize("name", ["test-SR.dcm", "CT_small.dcm", "MR_small.dcm", "rtdose.dcm"])
    def test_others_of_pydicom_are_refused(self, name: str) -> None:
        assert refused(PYDICOM / name).code == "unsupported_type"

    def test_an_image_without_pixels_says_so(self, tmp_path: Path) -> None:
        made = dataset(grey(1), US_IMAGE)
        del made.PixelData
        assert refused(saved(made, tmp_path / "instance")).code == "no_frames"

    @pytest.mark.parametrize(
        "elements",
        [
            {"BitsAllocated": 32, "BitsStored": 32},
            {"BitsStored": 20},
            {"BitsStored": 1, "HighBit": 0},
            {"BitsAllocated": 1, "BitsStored": 1},
            {"SamplesPerPixel": 3},
            {"SamplesPerPixel": 4, "PhotometricInterpretation": "CMYK"},
            {"PhotometricInterpretation": "LINDQVIST"},
            {"Rows": 0},
            {"PhotometricInterpretation": "PALETTE COLOR"},
        ],
        ids=str,
    )
    def test_pixels_that_are_described_wrongly_are_unreadable(
        self, elements: dict[str, Any], tmp_path: Path
    ) -> None:
        error = refused(pictured(tmp_path, **elements))
        assert error.code == "unreadable_file"
        assert "LINDQVIST" not in error.message

    @pytest.mark.parametrize(
        ("elements", "code"),
        [
            ({"Rows": 65535, "Columns": 65535}, "too_many_pixels"),
            ({"Rows": 4000, "Columns": 4000}, "too_many_pixels"),
            ({"Rows": 16}, "too_small"),
            ({"NumberOfFrames": 1_000_000}, "too_many_frames"),
            ({"FrameTime": 9000, "NumberOfFrames": 100}, "truncated_file"),
        ],
        ids=str,
    )
    def test_limits_are_those_of_other_formats(
        self, elements: dict[str, Any], code: str, tmp_path: Path
    ) -> None:
        assert refused(pictured(tmp_path, **elements)).code == code

    def test_a_clip_of_too_many_seconds_is_too_long(self, tmp_path: Path) -> None:
        made = dataset(np.repeat(grey(1), 70, axis=0), FrameTime=9000)
        assert refused(saved(made, tmp_path / "instance")).code == "too_long"

    def test_an_unknown_transfer_syntax_is_named(self, tmp_path: Path) -> None:
        made = dataset(grey(1), US_IMAGE)
        made.PixelData = encapsulate([b"abcd"])
        made["PixelData"].is_undefined_length = True
        path = saved(made, tmp_path / "instance", syntax=UID("1.2.840.10008.1.2.4.94"))
        assert "JPIP" in refused(path).message


class TestDamage:
    def test_600_announced_frames_of_which_10_are_stored(self, tmp_path: Path) -> None:
        made = dataset(grey(10))
        made.NumberOfFrames = 600
        assert refused(saved(made, tmp_path / "instance")).code == "truncated_file"

    def test_the_same_of_compressed_frames(self, tmp_path: Path) -> None:
        made = dataset(grey(10))
        made.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
        made.NumberOfFrames = 600
        assert refused(saved(made, tmp_path / "instance")).code == "truncated_file"

    def test_the_same_of_a_stream_of_video(self, tmp_path: Path) -> None:
        content = stream("libx264", "h264")
        made = video_dataset(content, "1.2.840.10008.1.2.4.102", frames=600)
        assert refused(saved(made, tmp_path / "instance")).code == "truncated_file"

    def test_more_frames_than_announced_are_told(self, tmp_path: Path) -> None:
        made = dataset(grey())
        made.NumberOfFrames = 2
        source = opened(tmp_path, made)
        assert len(source.times_s) == 2
        assert any("more frames" in note for note in source.acquisition.notes)

    @pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.99])
    @pytest.mark.parametrize("kind", ["native", "rle", "deflated", "video"])
    def test_a_file_that_stops_is_refused(self, kind: str, share: float, tmp_path: Path) -> None:
        made = dataset(grey(10))
        if kind == "rle":
            made.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
        if kind == "deflated":
            made.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1.99")
        if kind == "video":
            made = video_dataset(stream("libx264", "mpegts"), "1.2.840.10008.1.2.4.102")
        path = saved(made, tmp_path / "instance")
        os.truncate(path, int(path.stat().st_size * share))
        assert refused(path).code in ("truncated_file", "unreadable_file", "unsupported_type")

    def test_pixels_of_undefined_length_without_end(self, tmp_path: Path) -> None:
        made = dataset(grey())
        made.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
        path = saved(made, tmp_path / "instance")
        content = path.read_bytes()
        end = content.rindex(struct.pack("<HH", 0xFFFE, 0xE0DD))
        path.write_bytes(content[:end])
        assert refused(path).code == "truncated_file"

    def test_an_odd_length_that_shifts_all_that_follows(self, tmp_path: Path) -> None:
        path = pictured(tmp_path)
        content = path.read_bytes()
        mark = content.index(b"\x10\0\x10\0PN")
        path.write_bytes(content[: mark + 6] + b"\x03\0" + content[mark + 8 :])
        assert refused(path).code in ("unreadable_file", "truncated_file", "unsupported_type")

    @pytest.mark.parametrize(
        "syntax",
        [
            "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.90",
            "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.4.102",
        ],
    )
    def test_a_transfer_syntax_that_the_pixels_are_not_in(
        self, syntax: str, tmp_path: Path
    ) -> None:
        path = saved(dataset(grey()), tmp_path / "instance")
        content = path.read_bytes()
        old = b"1.2.840.10008.1.2.1\0"
        head, tail = content.split(old, 1)
        new = syntax.encode() + b"\0" * (len(syntax) % 2)
        path.write_bytes(head[:-2] + struct.pack("<H", len(new)) + new + tail)
        error = refused(path)
        assert error.code == "unreadable_file"
        assert "transfer syntax" in error.message

    def test_compressed_pixels_that_are_said_not_to_be(self, tmp_path: Path) -> None:
        made = dataset(grey())
        made.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
        path = saved(made, tmp_path / "instance")
        path.write_bytes(
            path.read_bytes().replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.1\0")
        )
        assert "transfer syntax" in refused(path).message

    def test_a_stream_of_another_codec_than_is_said(self, tmp_path: Path) -> None:
        made = video_dataset(stream("mpeg2video", "mpegts"), "1.2.840.10008.1.2.4.102")
        assert "transfer syntax" in refused(saved(made, tmp_path / "instance")).message

    def test_fragments_that_cannot_be_told_apart(self, tmp_path: Path) -> None:
        made = dataset(grey(2))
        made.PixelData = encapsulate(
            [b"abcdefgh", b"ijklmnop"], fragments_per_frame=2, has_bot=False
        )
        made["PixelData"].is_undefined_length = True
        path = saved(made, tmp_path / "instance", syntax=JPEGBaseline8Bit)
        assert "told apart" in refused(path).message

    def test_a_name_of_64_kb_is_no_matter(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        made = dataset(grey(), PatientName="Lindqvist " * 6400)
        with caplog.at_level(logging.DEBUG):
            source = DicomSource(saved(made, tmp_path / "instance"))
            assert len(list(source.read([0, 3]))) == 2
        assert "Lindqvist" not in caplog.text

    def test_of_ten_gigabytes_one_frame_is_read(self, tmp_path: Path) -> None:
        path = pictured(tmp_path)
        content = path.read_bytes()
        begin = content.index(b"\xe0\x7f\x10\0OB\0\0")
        path.write_bytes(
            content[: begin + 8] + struct.pack("<L", 0xFFFFFFFE) + content[begin + 12 :]
        )
        os.truncate(path, 10 << 30)  # holes, which take no room
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        source = DicomSource(path)
        assert len(list(source.read([1]))) == 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000

    def test_regions_nested_a_thousand_deep_are_not_followed(self, tmp_path: Path) -> None:
        nested = b""
        for _ in range(1000):
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(nested)) + nested
            nested = struct.pack("<HH2sxxL", 0x0018, 0x6011, b"SQ", len(item)) + item
        path = pictured(tmp_path)
        content = path.read_bytes()
        begin = content.index(b"\x28\0\x02\0US")
        path.write_bytes(content[:begin] + nested + content[begin:])
        source = DicomSource(path)
        assert source.acquisition.square is None
        assert len(source.times_s) == len(grey())


class TestChild:
    def test_decodes_only_the_frames_that_are_asked_for(self, tmp_path: Path) -> None:
        made = dataset(grey())
        frames = [b"\xff\xd8broken!"] * 4
        made.compress(UID("1.2.840.10008.1.2.5"), generate_instance_uid=False)
        good = list(generate_frames(made.PixelData, number_of_frames=4))
        made.PixelData = encapsulate([frames[0], frames[1], good[2], frames[3]], has_bot=False)
        made["PixelData"].is_undefined_length = True
        source = opened(tmp_path, made)
        assert (next(source.read([2]))[:, :, 0] == grey()[2]).all()
        error = refused(tmp_path / "instance")
        assert (error.code, "pixels" in error.message) == ("unreadable_file", True)

    def test_one_serves_all_reads_of_a_file_that_are_not_given_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[subprocess.Popen[bytes]] = []
        start = decoding._start

        def counted(path: Path) -> "subprocess.Popen[bytes]":
            started.append(start(path))
            return started[-1]

        monkeypatch.setattr(decoding, "_start", counted)
        source = opened(tmp_path, dataset(grey()))
        next(source.read([3]))
        list(source.read([0, 1]))
        assert len(started) == 1
        given_up, other = source.read([0, 1]), source.read([2])
        assert (next(given_up)[:, :, 0] == grey()[0]).all()
        assert (next(other)[:, :, 0] == grey()[2]).all()
        del given_up
        assert (next(source.read([1]))[:, :, 0] == grey()[1]).all()
        assert len(started) == 2
        del source, other
        assert all(process.returncode is not None for process in started)

    def test_a_decoder_that_crashes_makes_the_file_unreadable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pictured(tmp_path)
        crash = tmp_path / "crash.py"
        crash.write_text("import os; os.kill(os.getpid(), 11)")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(decoding, "_CHILD", "crash")
        assert refused(path).code == "unreadable_file"

    def test_a_decoder_that_hangs_is_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pictured(tmp_path)
        (tmp_path / "hang.py").write_text("import time; time.sleep(600)")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(decoding, "_CHILD", "hang")
        short = replace(limits.LIMITS, decoder_start_s=0.2, decoder_frame_s=0.2)
        monkeypatch.setattr(limits, "LIMITS", short)
        assert refused(path).code == "unreadable_file"

    def test_a_frame_far_larger_than_announced_meets_the_bound_of_memory(
        self, tmp_path: Path
    ) -> None:
        huge = bytes.fromhex("ffd8ffc1001108") + struct.pack(">HH", 65500, 65500)
        made = dataset(colours(1), US_CLIP)
        made.PixelData = encapsulate([huge + bytes(64)], has_bot=False)
        made["PixelData"].is_undefined_length = True
        path = saved(made, tmp_path / "instance", syntax=JPEGBaseline8Bit)
        assert refused(path).code == "unreadable_file"

    def test_the_child_knows_no_secret_of_the_service(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = tmp_path / "environment"
        (tmp_path / "tell.py").write_text(
            f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))"
        )
        path = pictured(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("POCOVID_DATABASE_URL", "postgresql://user:hunter2@db")
        monkeypatch.setattr(decoding, "_CHILD", "tell")
        refused(path)
        assert "hunter2" not in seen.read_text()
