"""What each network of a comparison may spend: the same for all, and stated beside the figures."""

from dataclasses import dataclass

from models.data.folds import Group
from models.training.augment import PAPER, Augmentation


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that make the comparison affordable on one processor core.

    Attributes:
        side: of the frames that networks without a pre-trained trunk are given, in pixels.
        frames: of each recording that are trained on, spread evenly; all sampled ones are tested.
        epochs: of each fold, none of them chosen by its result.
        copies: augmented copies of each frame whose trunk features are kept; small frames, which
            cost little, have one for each epoch.
        batch: frames in each step.
        clip_batch: clips in each step.
        seed: of folds, weights, augmentation and dropout.
        folds: of each cross-validation.
        groups: what the folds keep together.
        augmentation: of the copies.
    """

    side: int = 64
    frames: int = 6
    epochs: int = 8
    copies: int = 1
    batch: int = 16
    clip_batch: int = 8
    seed: int = 1
    folds: int = 5
    groups: tuple[Group, ...] = ("recording", "patient")
    augmentation: Augmentation = PAPER
