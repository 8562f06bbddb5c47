"""What the sign network learns from is a drawing and its truth, in the network's shapes."""

import numpy as np

from models.contract import CONVEX, LUNG, SIGN_MAPS, SIGN_PLACES, SIGN_SIDE, SIGNS
from models.training.signs.drawings import draw_many
from models.training.signs.phantom import NAMES, draw_example


def test_drawings_have_the_shapes_that_the_network_learns() -> None:
    drawings = draw_many(draw_example, 7, list(range(120)))
    assert drawings.pictures.shape == (120, SIGN_SIDE, SIGN_SIDE)
    assert drawings.maps.shape == (120, SIGN_PLACES, SIGN_PLACES, len(NAMES.maps))
    assert drawings.signs.shape == (120, len(NAMES.signs))
    assert (drawings.signs.min(), drawings.signs.max()) == (0, 1)


def test_what_is_no_lung_has_no_signs() -> None:
    drawings = draw_many(draw_example, 7, list(range(120)))
    is_lung = drawings.signs[:, NAMES.signs.index(LUNG)] == 1
    assert 0.7 < is_lung.mean() < 0.95
    assert not drawings.maps[~is_lung].any()
    assert not drawings.signs[~is_lung, : len(SIGNS) + len(SIGN_MAPS)].any()
    assert drawings.maps[is_lung, :, :, NAMES.maps.index("pleura")].any(axis=(1, 2)).mean() > 0.8
    assert 0 < drawings.signs[:, NAMES.signs.index(CONVEX)].mean() < 1


def test_a_seed_draws_the_same() -> None:
    one, same = (draw_many(draw_example, 3, [5, 6]) for _ in range(2))
    assert np.array_equal(one.pictures, same.pictures)
    assert np.array_equal(one.maps, same.maps)
    assert np.array_equal(one.signs, same.signs)
