"""Learning curves as a picture."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from models.fit import Curve


def plot(curves: Mapping[str, Sequence[Curve]]) -> bytes:
    """A PNG with a row for each cross-validation: losses on the left, validation on the right.

    Args:
        curves: by what the folds keep together, one for each fold.
    """
    figure = Figure(figsize=(10, 3.2 * len(curves)), layout="constrained")
    axes = figure.subplots(len(curves), 2, squeeze=False)
    for (losses, accuracies), (group, folds) in zip(axes, curves.items(), strict=True):
        for number, curve in enumerate(folds, start=1):
            epochs = range(1, len(curve.loss) + 1)
            (line,) = losses.plot(epochs, curve.loss, label=f"fold {number}")
            if not curve.validation_loss:
                continue
            colour, kept = line.get_color(), curve.best
            losses.plot(epochs, curve.validation_loss, color=colour, linestyle="--")
            losses.plot(kept + 1, curve.validation_loss[kept], "o", color=colour)
            accuracies.plot(epochs, curve.validation_accuracy, color=colour)
            accuracies.plot(kept + 1, curve.validation_accuracy[kept], "o", color=colour)
        losses.set(title=f"By {group}: loss (dashed: validation)", xlabel="epoch", ylim=(0, None))
        losses.legend(fontsize="small")
        accuracies.set(title="Validation accuracy, balanced", xlabel="epoch", ylim=(0, 1.02))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=90)
    return file.getvalue()
