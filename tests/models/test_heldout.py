"""What an artifact tells of its recordings is read as it was written, or refused."""

import numpy as np
import pytest

from models.contract import CLASSES
from models.heldout import HeldOutError, listed, listing, stored
from tests.models.small_artifact import manifest
from tests.models.test_dataset import entry

ENTRIES = [entry(n, label, f"patient {n}") for n, label in enumerate(CLASSES)]
SPLITS = {"recording": [0, 1, 0], "patient": [1, 0, 1]}
FRAMES = [2, 1, 3]
MANIFEST = manifest(data={"recordings": listing(ENTRIES, FRAMES, SPLITS, {})})


def test_each_recording_is_known_by_its_bytes_with_the_folds_that_test_it() -> None:
    found = listed(MANIFEST)
    assert [each.sha256 for each in found] == [each.sha256 for each in ENTRIES]
    assert [each.label for each in found] == list(CLASSES)
    assert [each.frames for each in found] == FRAMES
    assert [dict(each.folds) for each in found] == [
        {"recording": 0, "patient": 1},
        {"recording": 1, "patient": 0},
        {"recording": 0, "patient": 1},
    ]


def test_scores_are_parted_by_recording_in_the_order_of_the_listing() -> None:
    scores = np.arange(18, dtype=np.float32).reshape(6, 3)
    (found,) = stored(MANIFEST, {"patient": scores}).values()
    assert [len(each) for each in found] == FRAMES
    assert np.array_equal(np.concatenate(found), scores)


@pytest.mark.parametrize("shape", [(5, 3), (6, 2), (6,)])
def test_scores_of_another_number_of_frames_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(HeldOutError, match="expected scores of shape"):
        stored(MANIFEST, {"patient": np.zeros(shape, dtype=np.float32)})


@pytest.mark.parametrize("data", [{}, {"recordings": 118}], ids=["nothing", "a count"])
def test_an_artifact_that_does_not_tell_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(HeldOutError, match="train it again"):
        listed(manifest(data=data))


def test_a_listing_of_another_form_is_refused() -> None:
    with pytest.raises(HeldOutError, match="wrongly"):
        listed(manifest(data={"recordings": {"0" * 64: {"key": "x"}}}))
