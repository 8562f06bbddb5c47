"""The lung test, fitted on real pictures and drawings: what it learns."""

import numpy as np
import pytest

from models.training.refusal import Pictures, fit_lung_test, held_out_probabilities

UNITS = 24


def hidden(centre: float, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(centre, 0.5, (count, UNITS)), 0).astype(np.float32)


def pictures(centre: float, groups: list[str], seed: int) -> Pictures:
    return Pictures([hidden(centre, 1 + n % 4, seed + n) for n in range(len(groups))], groups)


LUNGS = pictures(0.3, [f"hospital {n % 7}" for n in range(28)], 100)
OTHERS = pictures(0.8, [("muscle", "eye", "photo")[n % 3] for n in range(24)], 500)
DRAWN = hidden(0.3, 50, 1), hidden(0.8, 50, 2)


def test_it_tells_lungs_from_other_things() -> None:
    test = fit_lung_test(LUNGS, OTHERS, *DRAWN)
    assert test.probability(hidden(0.3, 200, 9)).mean() > 0.65
    assert test.probability(hidden(0.8, 200, 9)).mean() < 0.35


def test_a_source_and_a_kind_are_judged_by_who_has_not_seen_them() -> None:
    """Lungs of one source look like other things: only who has seen them lets them pass."""
    odd = Pictures(
        [*LUNGS.features, *(hidden(0.8, 3, 900 + n) for n in range(4))],
        [*LUNGS.groups, *["odd hospital"] * 4],
    )
    of_lungs, of_others = held_out_probabilities(odd, OTHERS, *DRAWN)
    assert [len(each) for each in of_lungs] == [len(each) for each in odd.features]
    assert [len(each) for each in of_others] == [len(each) for each in OTHERS.features]
    unseen = np.concatenate(of_lungs[-4:]).mean()
    seen = fit_lung_test(odd, OTHERS, *DRAWN).probability(np.concatenate(odd.features[-4:])).mean()
    assert unseen < seen


def test_a_recording_of_many_frames_counts_as_one() -> None:
    many = Pictures(
        [*LUNGS.features[:-1], np.repeat(LUNGS.features[-1], 500, axis=0)], LUNGS.groups
    )
    frames = hidden(0.5, 50, 3)
    once = fit_lung_test(LUNGS, OTHERS, *DRAWN).probability(frames)
    assert fit_lung_test(many, OTHERS, *DRAWN).probability(frames) == pytest.approx(once, abs=0.08)
