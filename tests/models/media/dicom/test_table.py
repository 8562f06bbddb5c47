import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from models.media.dicom.child import pictures
from models.media.dicom.source import DicomSource
from tests.models.media.dicom.instances import FRAMES, Instance, colours, decoded_by_dcmtk
from tests.models.media.dicom.table import INSTANCES, VIDEOS, Make

needs_dcmtk = pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="no DCMTK here")


def test_at_least_sixty_instances_are_compared() -> None:
    assert len({each.name for each in INSTANCES} | {name for name, _ in VIDEOS}) >= 60


@needs_dcmtk
@pytest.mark.parametrize("instance", INSTANCES, ids=lambda each: each.name)
def test_frames_times_and_shades_are_those_of_dcmtk(instance: Instance, tmp_path: Path) -> None:
    made = instance.make(tmp_path / "instance")
    path = made if made.parent == tmp_path else Path(shutil.copy(made, tmp_path))
    source = DicomSource(path)
    assert len(source.times_s) == instance.frames
    assert (source.duration_s is None) == (instance.frames == 1)

    # In this process: the child of its own is tested elsewhere, and takes a third of a second.
    shown = np.stack(list(pictures(path, range(instance.frames))))
    expected = decoded_by_dcmtk(instance.reference, path)
    assert shown.shape == expected.shape
    apart = np.abs(shown.astype(int) - expected.astype(int))
    assert apart.max() <= instance.largest
    assert apart.mean() <= instance.mean


@needs_dcmtk
@pytest.mark.parametrize("instance", [INSTANCES[1], INSTANCES[3]], ids=lambda each: each.name)
def test_any_frame_is_read_alone_and_in_any_order(instance: Instance, tmp_path: Path) -> None:
    path = instance.make(tmp_path / "instance")
    whole = list(pictures(path, range(FRAMES)))
    for order in ([2], [3, 1, 1]):
        assert [picture.tolist() for picture in pictures(path, order)] == [
            whole[index].tolist() for index in order
        ]


@pytest.mark.parametrize(("name", "make"), VIDEOS, ids=[name for name, _ in VIDEOS])
def test_a_stream_of_video_is_read_as_its_frames(name: str, make: Make, tmp_path: Path) -> None:
    source = DicomSource(make(tmp_path / "instance"))
    assert list(source.times_s) == pytest.approx([place / 20 for place in range(12)])
    assert source.duration_s == pytest.approx(0.6)
    shown = np.stack(list(source.read(range(12))))
    expected = np.stack(
        [
            av.VideoFrame.from_ndarray(each, format="rgb24")
            .reformat(format="yuv420p")
            .to_ndarray(format="rgb24")
            for each in colours(12)
        ]
    )
    apart = np.abs(shown.astype(int) - expected.astype(int)).mean(axis=(1, 2, 3))
    assert apart.max() < 6  # each frame is the one of its time, which no neighbour is
