"""The result of training one fold, and its file."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from models.atomic_files import atomic_replace
from models.data.folds import Group
from models.networks import Array
from models.training.fit import Curve


@dataclass(frozen=True)
class FoldResult:
    """One trained fold.

    Attributes:
        group: unit of the cross-validation split.
        fold: its index.
        head: the trained layers, as shipped.
        frame_indices: (m,) indices of its test frames.
        scores: (m, 3) softmax scores of the test frames.
        curve: the learning curve.
        validation: unit of the validation split, or None without one.
    """

    group: Group
    fold: int
    head: dict[str, Array] = field(repr=False)
    frame_indices: npt.NDArray[np.int64] = field(repr=False)
    scores: npt.NDArray[np.float32] = field(repr=False)
    curve: Curve
    validation: Group | None

    def save(self, path: Path) -> None:
        """Write it to a file, atomically."""
        values = {f"head/{name}": value for name, value in self.head.items()}
        metadata = {
            "group": self.group,
            "fold": self.fold,
            "curve": self.curve.to_dict(),
            "validation": self.validation,
        }
        with atomic_replace(path) as scratch:
            save_file(
                {**values, "places": self.frame_indices, "scores": self.scores},
                scratch,
                metadata={"about": json.dumps(metadata)},
            )

    @classmethod
    def load(cls, path: Path) -> "FoldResult":
        """Read it from a file."""
        values = dict(load_file(path))
        with safe_open(path, framework="np") as file:
            metadata = json.loads(file.metadata()["about"])
        frame_indices, scores = values.pop("places"), values.pop("scores")
        return cls(
            group=metadata["group"],
            fold=metadata["fold"],
            head={name.removeprefix("head/"): value for name, value in values.items()},
            frame_indices=frame_indices,
            scores=scores,
            curve=Curve(**metadata["curve"]),
            validation=metadata["validation"],
        )
