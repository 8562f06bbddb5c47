"""Sheets of made-up answers, for tests of what is computed from them."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from models.contract import CLASSES
from models.evaluation.report.scores import ScoredRecording, ScoreSet


def scored(
    number: int,
    label: str,
    scores: Sequence[Sequence[float]],
    *,
    fold: int | None = 0,
    patient: str = "",
    kind: str = "video",
    source: str = "7",
) -> ScoredRecording:
    """One recording with its frames' scores."""
    return ScoredRecording(
        f"{number:064x}",
        f"pocus_videos/convex/{number}.mp4",
        label,
        kind,
        patient,
        source,
        fold,
        np.array(scores, dtype=np.float32),
    )


def score_set(seed: int = 0, recordings: int = 30, skill: float = 1.5, folds: int = 3) -> ScoreSet:
    """Answers that are right more often than not; every class in every fold."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(recordings):
        truth = number % 3
        logits = rng.normal(size=(int(rng.integers(1, 6)), 3))
        logits[:, truth] += skill
        powers = np.exp(logits)
        found.append(
            scored(
                number,
                CLASSES[truth],
                (powers / powers.sum(axis=1, keepdims=True)).tolist(),
                fold=(number // 3) % folds,
                patient=f"{number // 6}-{truth}",
                kind="image" if number % 7 == 6 else "video",
            )
        )
    return ScoreSet("patient", tuple(found))


@st.composite
def small_score_sets(draw: st.DrawFn) -> ScoreSet:
    """Few recordings, whatever their classes, folds and patients; some classes may be missing."""
    count = draw(st.integers(1, 8))
    found = []
    for number in range(count):
        frames = draw(st.integers(1, 3))
        rows = [draw(st.tuples(*[st.floats(0.01, 1)] * 3)) for _ in range(frames)]
        found.append(
            scored(
                number,
                draw(st.sampled_from(CLASSES)),
                [[each / sum(row) for each in row] for row in rows],
                fold=draw(st.integers(0, 2)),
                patient=draw(st.sampled_from(["", "a", "b"])),
                kind=draw(st.sampled_from(["video", "image"])),
            )
        )
    return ScoreSet("patient", tuple(found))
