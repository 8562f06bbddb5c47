"""How much each frame counts in the loss, so that neither a class nor a source outweighs others."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES
from models.data.folds import group_names
from models.data.index import Entry

Balance = Literal["class", "patient", "source"]
"""What has the same share: each class; or, within each class, each patient or source as well."""


def sample_weights(
    entries: Sequence[Entry],
    recordings: npt.NDArray[np.int64],
    trained: npt.NDArray[np.int64],
    balance: Balance,
) -> npt.NDArray[np.float32]:
    """The weight of every frame in the loss; those of the trained ones are 1 on average.

    Args:
        entries: all recordings.
        recordings: (n,) number of the recording of each frame.
        trained: places of the frames that are trained on; all others weigh nothing.
        balance: what gets the same share.
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
