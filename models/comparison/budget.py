"""The training budget of a comparison, the same for all networks."""

from dataclasses import dataclass

from models.data.folds import Group
from models.training.augment import PAPER, Augmentation


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits that make the comparison affordable on one processor core.

    Attributes:
        side: frame side in pixels of networks without a pre-trained trunk.
        frames: training frames per recording, evenly spaced; all sampled frames are tested.
        epochs: of each fold, without model selection.
        copies: augmented copies of each frame with cached trunk features; networks without a trunk
            use a new copy for each epoch.
        batch: batch size in frames.
        clip_batch: batch size in clips.
        seed: of folds, weights, augmentation and dropout.
        folds: of each cross-validation.
        groups: split units of the cross-validations.
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
