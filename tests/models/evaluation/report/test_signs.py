"""Signs against findings, and what is refused, on recordings with made-up findings."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.contract import SIGN_MAPS, SIGNS
from models.data.extraction import FRAMES, FrameCache
from models.data.index import Entry
from models.data.metadata import RecordingMetadata
from models.evaluation.report.signs import FINDINGS, area, evaluate_signs
from models.inference.artifact import Weights
from models.inference.signs import SignEngine
from tests.models import small_artifact
from tests.models.evaluation.report.small_evaluation import SmallEvaluation
from tests.models.small_signs import WHOLE, answer, sign_weights


def nobody(_done: int, _total: int) -> None:
    """Listens to no progress."""


def with_findings(entries: tuple[Entry, ...]) -> list[Entry]:
    """Every second recording has an effusion, all have B-lines, and A-lines were not looked for."""
    return [
        replace(
            entry,
            metadata=RecordingMetadata(findings={"effusion": n % 2 == 0, "B-lines": True}),
            source="7" if n % 3 else "8",
        )
        for n, entry in enumerate(entries)
    ]


def weights() -> Weights:
    return Weights({}, [], signs=sign_weights())


class TestArea:
    def test_it_is_the_area_under_the_roc_curve(self) -> None:
        rng = np.random.default_rng(4)
        present = rng.random(40) < 0.4
        values = np.round(rng.random(40) + 0.4 * present, 1)  # with ties
        found = area(values, present, [str(n) for n in range(40)], 300)
        assert found.value == pytest.approx(roc_auc_score(present, values))
        assert found.interval[0] < found.value < found.interval[1]

    def test_fewer_patients_make_it_less_certain(self) -> None:
        rng = np.random.default_rng(5)
        present = np.arange(60) % 2 == 0
        values = rng.random(60) + 0.5 * present
        alone = area(values, present, [str(n) for n in range(60)], 500).interval
        shared = area(values, present, [str(n // 12) for n in range(60)], 500).interval
        assert shared != alone
        twins = area(
            np.tile(values, 2), np.tile(present, 2), [str(n % 60) for n in range(120)], 500
        )
        assert twins.interval == pytest.approx(alone)

    def test_values_that_tell_them_apart_are_certain(self) -> None:
        found = area(np.arange(6.0), np.arange(6) > 2, list("abcdef"), 200)
        assert (found.value, found.interval) == (1.0, (1.0, 1.0))


class TestFindings:
    def test_there_is_a_sign_for_each(self) -> None:
        assert {sign for sign, _ in FINDINGS.values()} == set(SIGNS)
        assert {place for _, place in FINDINGS.values() if place} < set(SIGN_MAPS)

    def test_a_row_is_the_area_of_the_mean_over_frames(self, small: SmallEvaluation) -> None:
        entries = with_findings(small.entries)
        cache = FrameCache(small.work / FRAMES)
        found = evaluate_signs(small_artifact.manifest(), weights(), entries, cache, nobody, 200)
        assert found is not None
        (row,) = found.findings  # no other finding is in some recordings and not in others
        assert (row.finding, row.recordings, row.present) == ("effusion", 9, 5)
        engine = SignEngine(sign_weights(), "f32")
        signs = [engine.run(cache.frames(entry.sha256)) for entry in entries]
        present = [n % 2 == 0 for n in range(9)]
        means = [each.whole[:, WHOLE.index("effusion")].mean() for each in signs]
        assert row.sign.value == pytest.approx(roc_auc_score(present, means))
        places = [each.maps[..., SIGN_MAPS.index("effusion")].mean() for each in signs]
        assert row.map is not None
        assert row.map.value == pytest.approx(roc_auc_score(present, places))
        assert np.allclose(found.by_recording[entries[1].sha256].whole, signs[1].whole, atol=1e-5)


class TestRefusals:
    @pytest.mark.parametrize(
        ("limits", "not_lung", "linear", "left_out"),
        [
            ({"lung": 0.0, "convex": 0.0, "frames": 0.34}, False, False, False),
            ({"lung": 1.1, "convex": 0.0, "frames": 0.34}, True, False, True),
            ({"lung": 0.0, "convex": 1.1, "frames": 0.34}, False, True, True),
        ],
    )
    def test_sources_are_counted(
        self,
        limits: dict[str, float],
        not_lung: bool,
        linear: bool,
        left_out: bool,
        small: SmallEvaluation,
    ) -> None:
        manifest = small_artifact.manifest(answer=answer(features=[], usable=limits))
        found = evaluate_signs(
            manifest,
            weights(),
            with_findings(small.entries),
            FrameCache(small.work / FRAMES),
            nobody,
            100,
        )
        assert found is not None
        assert [(row.source, row.recordings) for row in found.refusals] == [("7", 6), ("8", 3)]
        for row in found.refusals:
            assert row.not_lung == (row.recordings if not_lung else 0)
            assert row.linear_probe == (row.recordings if linear else 0)
            assert row.frames_left_out == (row.frames if left_out else 0)
        assert sum(row.frames for row in found.refusals) == 15

    def test_an_artifact_that_refuses_nothing_has_no_rows(self, small: SmallEvaluation) -> None:
        found = evaluate_signs(
            small_artifact.manifest(),
            weights(),
            list(small.entries),
            FrameCache(small.work / FRAMES),
            nobody,
            100,
        )
        assert found is not None
        assert not found.refusals
        assert not found.findings


def test_an_artifact_without_a_sign_network_says_nothing(small: SmallEvaluation) -> None:
    bare = Weights({}, [])
    cache = FrameCache(small.work / FRAMES)
    manifest = small_artifact.manifest()
    assert evaluate_signs(manifest, bare, list(small.entries), cache, nobody, 100) is None
