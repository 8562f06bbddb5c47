"""A plot of learning curves."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from models.training.fit import Curve


def plot(curves: Mapping[str, Sequence[Curve]]) -> bytes:
    """A PNG with a row for each cross-validation: losses, and validation accuracies if any.

    Args:
        curves: by group, one for each fold.
    """
    validated = any(curve.validation_loss for folds in curves.values() for curve in folds)
    columns = 1 + validated
    figure = Figure(figsize=(2 + 4 * columns, 3.2 * len(curves)), layout="constrained")
    axes = figure.subplots(len(curves), columns, squeeze=False)
    for row, (group, folds) in zip(axes, curves.items(), strict=True):
        for number, curve in enumerate(folds, start=1):
            epochs = range(1, len(curve.loss) + 1)
            (line,) = row[0].plot(epochs, curve.loss, label=f"fold {number}")
            if not curve.validation_loss:
                continue
            colour, kept = line.get_color(), curve.best
            row[0].plot(epochs, curve.validation_loss, color=colour, linestyle="--")
            row[0].plot(kept + 1, curve.validation_loss[kept], "o", color=colour)
            row[1].plot(epochs, curve.validation_accuracy, color=colour)
            row[1].plot(kept + 1, curve.validation_accuracy[kept], "o", color=colour)
        dashed = " (dashed: validation)" if validated else ""
        row[0].set(title=f"By {group}: cross entropy{dashed}", xlabel="epoch", ylim=(0, None))
        row[0].legend(fontsize="small", ncols=2)
        if validated:
            row[1].set(title="Validation accuracy, balanced", xlabel="epoch", ylim=(0, 1.02))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=90)
    return file.getvalue()
