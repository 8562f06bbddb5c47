"""The shipped artifact's figures are what its models say of recordings they have not seen."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from models.contract import Manifest
from models.data.folds import group_names
from models.data.index import read_index
from models.evaluation.held_out import (
    PRECISION,
    predict_in_batches,
    scores_by_recording,
    trained_recordings,
)
from models.evaluation.report.scores import stored_score_sets
from models.inference import artifact
from models.inference.artifact import Weights
from models.inference.predict import Predictor
from models.media import sampling

DATASET = Path(__file__).parents[4] / "shared" / "dataset"

needs_recordings = [
    pytest.mark.dataset,
    pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings beside the checkout"),
]


@pytest.fixture(scope="module")
def loaded() -> tuple[Manifest, Weights]:
    manifest, weights = artifact.load(artifact.active())
    if not weights.scores:
        pytest.skip(f"{manifest.version} was trained before artifacts kept their scores")
    return manifest, weights


def test_stored_scores_give_the_manifest_s_figures(loaded: tuple[Manifest, Weights]) -> None:
    manifest, weights = loaded
    sheets = stored_score_sets(manifest, weights.scores)
    assert set(sheets) == set(manifest.metrics)
    for group, score_set in sheets.items():
        assert score_set.metrics() == manifest.metrics[group], group


@pytest.mark.parametrize("group", ["recording", "patient", "source"])
def test_no_patient_and_no_source_is_on_both_sides(
    group: str, loaded: tuple[Manifest, Weights]
) -> None:
    homes: dict[str, set[int]] = defaultdict(set)
    for recording in trained_recordings(loaded[0]):
        if group == "recording":
            homes[recording.sha256].add(recording.folds[group])
        elif name := recording.patient if group == "patient" else recording.source:
            homes[name].add(recording.folds[group])
    assert len(homes) > 5
    assert all(len(folds) == 1 for folds in homes.values())


class TestOnRecordings:
    pytestmark = needs_recordings

    def test_the_folds_are_those_of_the_dataset_s_own_groups(
        self, loaded: tuple[Manifest, Weights]
    ) -> None:
        folds = {recording.sha256: recording.folds for recording in trained_recordings(loaded[0])}
        entries = read_index(DATASET).trained
        assert set(folds) == {entry.sha256 for entry in entries}
        for group in ("patient", "source"):
            names = group_names(entries, group)
            homes: dict[str, set[int]] = defaultdict(set)
            for entry, name in zip(entries, names, strict=True):
                homes[name].add(folds[entry.sha256][group])
            assert all(len(each) == 1 for each in homes.values()), group

    def test_the_models_say_again_what_is_stored(self, loaded: tuple[Manifest, Weights]) -> None:
        """On some frames of some recordings; `pocovid evaluate` does it for all."""
        manifest, weights = loaded
        scores = scores_by_recording(manifest, {manifest.group: weights.scores[manifest.group]})
        entries = {entry.sha256: entry for entry in read_index(DATASET).trained}
        predictor = Predictor.load(precision=PRECISION)
        numbered = list(enumerate(trained_recordings(manifest)))
        for number, each in numbered[:: len(numbered) // 8]:
            frames = sampling.read_inputs(entries[each.sha256].path)
            kept = scores[manifest.group][number]
            assert len(frames) == len(kept)
            some = [0, len(frames) // 2] if len(frames) > 1 else [0]
            found = predict_in_batches(predictor.scores, frames[some])[each.folds[manifest.group]]
            assert np.abs(found - kept[some]).max() < 1e-4, each.key
