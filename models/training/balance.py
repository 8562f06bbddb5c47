"""Sample weights of the loss that balance classes, patients or sources."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES
from models.data.folds import group_names
from models.data.index import Entry

Balance = Literal["class", "patient", "source"]
"""Unit with equal total weight: each class; or, within each class, each patient or source."""


def sample_weights(
    entries: Sequence[Entry],
    recordings: npt.NDArray[np.int64],
    trained: npt.NDArray[np.int64],
    balance: Balance,
) -> npt.NDArray[np.float32]:
    """The weight of every frame in the loss (n,); 1 on average over the training frames.

    Args:
        entries: all recordings.
        recordings: (n,) index of each frame's recording.
        trained: indices of the training frames; all others have weight 0.
        balance: unit with equal total weight.
    """
    names = group_names(entries, "recording" if balance == "class" else balance)
    classes = [entry.label for entry in entries]
    owners = recordings[trained]
    weights = np.zeros(len(recordings), dtype=np.float32)
    present = sorted({classes[n] for n in owners}, key=CLASSES.index)
    for label in present:
        in_class = np.array([classes[n] == label for n in owners])
        share = len(owners) / len(present)
        if balance == "class":
            weights[trained[in_class]] = share / in_class.sum()
            continue
        groups = np.array([names[n] for n in owners])
        for name in (group_list := sorted(set(groups[in_class]))):
            part = in_class & (groups == name)
            weights[trained[part]] = share / len(group_list) / part.sum()
    return weights
