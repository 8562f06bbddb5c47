"""The learning curves' picture: no empty half where nothing was validated."""

import io

from PIL import Image

from models.training.curves import plot
from models.training.fit import Curve

PLAIN = Curve(loss=[0.9, 0.5, 0.4], best=2)
VALIDATED = Curve(
    loss=[0.9, 0.5, 0.4],
    validation_loss=[0.8, 0.6, 0.7],
    validation_accuracy=[0.5, 0.7, 0.6],
    best=1,
)


def size(*folds: Curve) -> tuple[int, int]:
    return Image.open(io.BytesIO(plot({"patient": folds, "source": folds}))).size


def test_validation_has_a_column_of_its_own_where_there_is_any() -> None:
    narrow, wide = size(PLAIN, PLAIN), size(PLAIN, VALIDATED)
    assert wide[0] > 1.5 * narrow[0]
    assert wide[1] == narrow[1]


def test_curves_can_be_seen() -> None:
    folds = {"patient": [VALIDATED]}
    nothing = {"patient": [Curve(validation_loss=[0.7], validation_accuracy=[0.6], loss=[0.9])]}
    assert plot(folds) != plot(nothing)
