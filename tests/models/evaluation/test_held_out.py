"""What an artifact tells of its recordings is read as it was written, or refused."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from models.contract import CLASSES
from models.data.extraction import Facts
from models.data.identity import Identity
from models.data.index import Original, read_index
from models.evaluation.held_out import (
    HeldOutError,
    TrainingSet,
    add_fingerprints,
    recordings_for_manifest,
    scores_by_recording,
    trained_recordings,
)
from models.inference import artifact
from models.inference.artifact import Weights
from tests.models import mini_dataset
from tests.models.data.test_duplicates import PROBE
from tests.models.data.test_index import entry
from tests.models.small_artifact import manifest

ENTRIES = [entry(n, label, f"patient {n}") for n, label in enumerate(CLASSES)]
SPLITS = {"recording": [0, 1, 0], "patient": [1, 0, 1]}
FRAMES = [2, 1, 3]
MANIFEST = manifest(data={"recordings": recordings_for_manifest(ENTRIES, FRAMES, SPLITS, {})})


def test_each_recording_is_known_by_its_bytes_with_the_folds_that_test_it() -> None:
    found = trained_recordings(MANIFEST)
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
    (found,) = scores_by_recording(MANIFEST, {"patient": scores}).values()
    assert [len(each) for each in found] == FRAMES
    assert np.array_equal(np.concatenate(found), scores)


@pytest.mark.parametrize("shape", [(5, 3), (6, 2), (6,)])
def test_scores_of_another_number_of_frames_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(HeldOutError, match="expected scores of shape"):
        scores_by_recording(MANIFEST, {"patient": np.zeros(shape, dtype=np.float32)})


@pytest.mark.parametrize("data", [{}, {"recordings": 118}], ids=["nothing", "a count"])
def test_an_artifact_that_does_not_tell_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(HeldOutError, match="train it again"):
        trained_recordings(manifest(data=data))


def test_a_listing_of_another_form_is_refused() -> None:
    with pytest.raises(HeldOutError, match="invalid recording list"):
        trained_recordings(manifest(data={"recordings": {"0" * 64: {"key": "x"}}}))


class TestTrainingSet:
    """Recordings that were trained on are recognised, whatever became of their bytes."""

    LOOKS = ("0123456789abcdef", "fedcba9876543210", "00ff00ff00ff00ff")
    FACTS: ClassVar = {
        each.sha256: Facts(PROBE, (look,)) for each, look in zip(ENTRIES, LOOKS, strict=True)
    }
    TRAINED = TrainingSet(
        manifest(data={"recordings": recordings_for_manifest(ENTRIES, FRAMES, SPLITS, FACTS)})
    )
    NEW = "e" * 64

    @pytest.mark.parametrize(
        "one",
        [
            Identity(frozenset({ENTRIES[0].sha256})),
            Identity(frozenset({NEW, ENTRIES[0].sha256})),
            Identity(frozenset({NEW}), (("0123456789abcdee",),)),
            Identity(frozenset({NEW}), (("5555aaaa5555aaaa",), ("0123456789abcdef",))),
        ],
        ids=["its bytes", "its original's bytes", "what it shows", "what its original shows"],
    )
    def test_a_copy_is_answered_by_who_held_out_its_original(self, one: Identity) -> None:
        assert self.TRAINED.fingerprints_complete
        assert self.TRAINED.folds_holding_out(one) == {1}

    def test_what_was_trained_on_in_a_released_copy_is_known_by_the_original_as_well(self) -> None:
        released = replace(ENTRIES[0], original=Original("f" * 64, ("ffff0000ffff0000",)))
        data = {"recordings": recordings_for_manifest([released], [1], {"patient": [2]}, {})}
        trained = TrainingSet(manifest(data=data))
        assert trained.folds_holding_out(Identity(frozenset({"f" * 64}))) == {2}
        assert trained.folds_holding_out(
            Identity(frozenset({self.NEW}), (("ffff0000ffff0001",),))
        ) == {2}

    def test_one_that_is_new_was_held_out_by_nobody(self) -> None:
        one = Identity(frozenset({self.NEW}), (("5555aaaa5555aaaa",),))
        assert self.TRAINED.folds_holding_out(one) == set()

    def test_one_that_looks_like_recordings_of_two_folds_was_seen_by_every_model(self) -> None:
        one = Identity(frozenset({ENTRIES[0].sha256}), ((self.LOOKS[1],),))
        assert self.TRAINED.folds_holding_out(one) == {0, 1}

    def test_without_fingerprints_a_copy_may_go_unrecognised(self) -> None:
        assert not TrainingSet(MANIFEST).fingerprints_complete


def test_fingerprints_are_added_to_an_artifact_of_before(tmp_path: Path) -> None:
    data = mini_dataset.make(tmp_path / "data")
    entries = read_index(data).trained
    said = recordings_for_manifest(entries, [1] * 6, {"patient": [0] * 6}, {})
    for each in said.values():
        del each["fingerprints"], each["original"]
    folder = tmp_path / "pocovidnet-old"
    artifact.save(folder, manifest(data={"recordings": said}), Weights({}, [{}] * 5))
    assert not TrainingSet(artifact.read_manifest(folder)).fingerprints_complete

    count = add_fingerprints(folder, data, tmp_path / "work", lambda _done, _total: None)

    found, _ = artifact.load(folder)
    assert count == 6
    assert TrainingSet(found).fingerprints_complete
    (data / entries[0].key).unlink()
    with pytest.raises(HeldOutError, match="lacks 1 of the 6"):
        add_fingerprints(folder, data, tmp_path / "work", lambda _done, _total: None)
