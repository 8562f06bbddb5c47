"""Fingerprints: copies are near, others far, whatever the encoding."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.data import fingerprint
from tests import media_files

DATASET = Path(__file__).parents[4] / "shared" / "dataset"

Pictures = list[NDArray[np.uint8]]


def clip(seed: int, frames: int = 8, side: int = 160) -> Pictures:
    """Soft blobs that drift: enough structure for a perceptual hash."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6 + frames), dtype=np.uint8)
    moving = (coarse[:, n : n + 6] for n in range(frames))
    grey = (cv2.resize(each, (side, side), interpolation=cv2.INTER_CUBIC) for each in moving)
    return [np.repeat(np.asarray(each, dtype=np.uint8)[..., None], 3, axis=2) for each in grey]


def reencoded(pictures: Pictures, side: int = 80, quality: int = 40) -> Pictures:
    """At another size, through lossy compression."""
    copies = []
    for picture in pictures:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        copies.append(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8))
    return copies


class TestDistance:
    @pytest.mark.parametrize("seed", range(5))
    def test_a_copy_encoded_anew_is_near(self, seed: int) -> None:
        one = fingerprint.fingerprints(clip(seed))
        other = fingerprint.fingerprints(reencoded(clip(seed)))
        assert fingerprint.distance(one, other) <= fingerprint.MAX_DUPLICATE_DISTANCE
        assert fingerprint.distance(other, one) <= fingerprint.MAX_DUPLICATE_DISTANCE

    @pytest.mark.parametrize("seed", range(5))
    def test_a_part_is_near_its_whole(self, seed: int) -> None:
        whole = fingerprint.fingerprints(clip(seed))
        assert fingerprint.distance(whole, whole[3:]) == 0

    @pytest.mark.parametrize("seed", range(5))
    def test_another_recording_is_far(self, seed: int) -> None:
        one = fingerprint.fingerprints(clip(seed))
        other = fingerprint.fingerprints(clip(seed + 100))
        assert fingerprint.distance(one, other) > fingerprint.MAX_DUPLICATE_DISTANCE

    def test_without_hashes_nothing_is_near(self) -> None:
        assert fingerprint.distance([], ["0" * 16]) == 64


class TestBands:
    @given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=8))
    def test_a_close_hash_has_a_close_value_in_a_band(self, one: int, flipped: set[int]) -> None:
        other = f"{one ^ sum(1 << bit for bit in flipped):016x}"
        (values,) = fingerprint.bands([other])
        looked_up = fingerprint.close_bands([f"{one:016x}"])
        assert any(value in close for value, close in zip(values.tolist(), looked_up, strict=True))
        assert fingerprint.close_hashes([f"{one:016x}"], fingerprint.to_int64([other])).all()

    def test_of_many_hashes_close_values_are_those_of_each_once(self) -> None:
        one, other = fingerprint.close_bands(["0" * 16]), fingerprint.close_bands(["f" * 16])
        assert [len(values) for values in one] == [211, 254, 254]
        assert fingerprint.close_bands(["0" * 16, "f" * 16, "0" * 16]) == tuple(
            sorted({*low, *high}) for low, high in zip(one, other, strict=True)
        )

    def test_a_far_hash_is_not_close(self) -> None:
        numbers = fingerprint.to_int64(["00000000000001ff", "8" + "0" * 15, "f" * 16])
        assert fingerprint.close_hashes(["0" * 16], numbers).tolist() == [False, True, False]
        assert fingerprint.close_hashes([], numbers).tolist() == [False, False, False]


class TestOfFile:
    def test_hashes_a_few_frames_of_a_video(self, tmp_path: Path) -> None:
        path = media_files.write(tmp_path, "a.mp4", media_files.video(seconds=6))
        hashes = fingerprint.fingerprint_file(path)
        assert 2 <= len(hashes) <= fingerprint.MAX_HASHES
        assert all(len(hash_) == 16 for hash_ in hashes)

    def test_hashes_an_image_once(self, tmp_path: Path) -> None:
        path = media_files.write(tmp_path, "a.png", media_files.image())
        assert len(fingerprint.fingerprint_file(path)) == 1


@pytest.mark.dataset
@pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings at ../shared/dataset")
def test_copies_of_real_recordings_are_near_and_others_far(tmp_path: Path) -> None:
    files = sorted((DATASET / "pocus_images" / "convex").iterdir())[:12]
    original = {path: fingerprint.fingerprint_file(path) for path in files}
    for path in files:
        picture = cv2.imread(str(path))
        assert picture is not None
        half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        copy = tmp_path / "copy.jpg"
        cv2.imwrite(str(copy), half, [cv2.IMWRITE_JPEG_QUALITY, 40])
        hashes = fingerprint.fingerprint_file(copy)
        assert fingerprint.distance(hashes, original[path]) <= fingerprint.MAX_DUPLICATE_DISTANCE
        near = [
            p
            for p in files
            if fingerprint.distance(hashes, original[p]) <= fingerprint.MAX_DUPLICATE_DISTANCE
        ]
        assert len(near) <= 2, near


def test_needs_no_keras() -> None:
    code = "import sys, models.data.fingerprint; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
