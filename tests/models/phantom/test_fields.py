"""Fields have the statistics that they promise."""

import numpy as np
import pytest

from models.phantom.fields import complex_speckle, curve, field, magnitude, step


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_curves_and_fields_have_unit_variance() -> None:
    places = np.linspace(0, 200, 400, dtype=np.float32)
    assert np.std(curve(rng(), places, 0.7)) == pytest.approx(1, abs=0.12)
    down = np.linspace(0, 100, 160, dtype=np.float32)
    assert field(rng(), down, places, 1.0, 1.0).std() == pytest.approx(1, abs=0.05)


def test_a_curve_moves_with_its_places() -> None:
    places = np.linspace(-3, 3, 61, dtype=np.float32)
    here, moved = curve(rng(), places, 0.5), curve(rng(), places - np.float32(0.5), 0.5)
    np.testing.assert_allclose(moved[5:], here[:-5], atol=0.02)


def test_a_curve_is_smooth_over_its_scale() -> None:
    places = np.linspace(0, 50, 5000, dtype=np.float32)
    assert np.abs(np.diff(curve(rng(), places, 1.0))).max() < 0.1


def test_speckle_is_rayleigh() -> None:
    values = np.stack([magnitude(complex_speckle(rng(n), (160, 96), 0, 0)) for n in range(20)])
    assert values.mean() == pytest.approx(1, abs=0.03)
    # Mean over standard deviation of a Rayleigh distribution.
    assert values.mean() / values.std() == pytest.approx(1.91, abs=0.06)


def test_speckle_grows_with_its_index() -> None:
    def neighbours(lateral: int) -> float:
        grain = magnitude(complex_speckle(rng(3), (160, 96), 0, lateral)) - 1
        return float((grain[:, 1:] * grain[:, :-1]).mean() / grain.var())

    assert [neighbours(n) for n in range(4)] == sorted(neighbours(n) for n in range(4))


def test_step_is_between_0_and_1() -> None:
    values = step(np.asarray([-9, -0.5, 0, 0.25, 9], dtype=np.float32), 1.0)
    assert values.tolist() == [0, 0, 0.5, 0.75, 1]
