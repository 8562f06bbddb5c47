"""The lung test, fitted on real pictures and drawings: what it learns."""

import numpy as np
import pytest

from models.training.refusal import Pictures, fit_lung_test, held_out_probabilities

UNITS, HIDDEN = 24, 10


def hidden(centre: float, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(centre, 0.5, (count, UNITS)), 0).astype(np.float32)


def pictures(centre: float, groups: list[str], seed: int) -> Pictures:
    return Pictures([hidden(centre, 1 + n % 4, seed + n) for n in range(len(groups))], groups)


LUNGS = pictures(0.3, [f"hospital {n % 7}" for n in range(28)], 100)
OTHERS = pictures(0.8, [("muscle", "eye", "photo")[n % 3] for n in range(24)], 500)
DRAWN = hidden(0.3, 50, 1), hidden(0.8, 50, 2)


def test_it_tells_lungs_from_other_things() -> None:
    test = fit_lung_test(LUNGS, OTHERS, *DRAWN, HIDDEN)
    assert test.probability(hidden(0.3, 200, 9)).mean() > 0.65
    assert test.probability(hidden(0.8, 200, 9)).mean() < 0.35


def test_a_source_and_a_kind_are_judged_by_who_has_not_seen_them() -> None:
    """Lungs of one source look like other things: only who has seen them lets them pass."""
    odd = Pictures(
        [*LUNGS.features, *(hidden(0.8, 3, 900 + n) for n in range(4))],
        [*LUNGS.groups, *["odd hospital"] * 4],
    )
    of_lungs, of_others = held_out_probabilities(odd, OTHERS, *DRAWN, HIDDEN)
    assert [len(each) for each in of_lungs] == [len(each) for each in odd.features]
    assert [len(each) for each in of_others] == [len(each) for each in OTHERS.features]
    unseen = np.concatenate(of_lungs[-4:]).mean()
    seen = (
        fit_lung_test(odd, OTHERS, *DRAWN, HIDDEN)
        .probability(np.concatenate(odd.features[-4:]))
        .mean()
    )
    assert unseen < seen


def test_a_recording_of_many_frames_counts_as_one() -> None:
    many = Pictures(
        [*LUNGS.features[:-1], np.repeat(LUNGS.features[-1], 500, axis=0)], LUNGS.groups
    )
    frames = hidden(0.5, 50, 3)
    once = fit_lung_test(LUNGS, OTHERS, *DRAWN, HIDDEN).probability(frames)
    assert fit_lung_test(many, OTHERS, *DRAWN, HIDDEN).probability(frames) == pytest.approx(
        once, abs=0.08
    )


def test_both_regressions_count() -> None:
    """What only the other features tell is told, and so is what the hidden layer tells."""
    rng = np.random.default_rng(0)

    def seen(tells: int, centre: float, count: int) -> np.ndarray:
        noise = np.abs(rng.normal(0.5, 0.2, (count, UNITS)))
        noise[:, tells] = np.abs(rng.normal(centre, 0.1, count))
        return noise.astype(np.float32)

    for tells in (2, HIDDEN + 2):
        lungs = Pictures([seen(tells, 0.2, 3) for _ in range(20)], ["a"] * 20)
        others = Pictures([seen(tells, 0.9, 3) for _ in range(20)], ["b"] * 20)
        test = fit_lung_test(lungs, others, seen(tells, 0.2, 30), seen(tells, 0.9, 30), HIDDEN)
        of_lungs, of_others = (
            test.probability(seen(tells, each, 50)).mean() for each in (0.2, 0.9)
        )
        assert of_others < 0.5 < of_lungs
        assert of_lungs - of_others > 0.15
