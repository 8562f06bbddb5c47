"""Frames and clips as inputs of the compared networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.training.augment import Augmentation, augment
from models.training.fit import Indices

Clips = npt.NDArray[np.int64]
"""(clips, frames): frame indices, padded with -1."""


class AugmentedFrames:
    """Small frames, augmented on the fly: float32 RGB (n, side, side, 3), 0 to 255."""

    def __init__(
        self, frames: npt.NDArray[np.uint8], copies: int, seed: int, augmentation: Augmentation
    ) -> None:
        self._clips = FrameClips(
            frames, np.arange(len(frames))[:, None], copies, seed, augmentation
        )
        self.copies = self._clips.copies

    def batch(self, copies: Indices, places: Indices) -> npt.NDArray[np.float32]:
        """These copies of these frames."""
        single_frames: npt.NDArray[np.float32] = self._clips.batch(copies, places)[:, 0]
        return single_frames


class FrameClips:
    """Clips of small frames with the same augmentation for all frames of a clip: float32 RGB
    (n, frames, side, side, 3), 0 to 255.
    """

    def __init__(
        self,
        frames: npt.NDArray[np.uint8],
        clips: Clips,
        copies: int,
        seed: int,
        augmentation: Augmentation,
    ) -> None:
        self._frames = frames
        self._clips = clips
        self._seed = seed
        self._augmentation = augmentation
        self.copies = 1 + copies

    def batch(self, copies: Indices, places: Indices) -> npt.NDArray[np.float32]:
        """These copies of these clips."""
        return np.stack(
            [
                np.stack([self._copy(self._frames[n], copy, place) for n in self._clips[place]])
                for copy, place in zip(copies.tolist(), places.tolist(), strict=True)
            ]
        ).astype(np.float32)

    def _copy(self, frame: npt.NDArray[np.uint8], copy: int, place: int) -> Any:
        if not copy:
            return frame
        # The same random numbers for all frames of a clip, which the probe's motion preserves.
        return augment(frame, np.random.default_rng([self._seed, copy, place]), self._augmentation)


class FeatureClips:
    """Clips of pooled trunk features, with a mask."""

    def __init__(self, pooled: npt.NDArray[np.float32], clips: Clips) -> None:
        self._pooled = pooled
        self._clips = clips
        self.copies = len(pooled)

    def batch(self, copies: Indices, places: Indices) -> list[npt.NDArray[np.float32]]:
        """Features (n, frames, features) and mask (n, frames) of these copies."""
        clips = self._clips[places]
        mask = clips >= 0
        features = self._pooled[copies[:, None], np.maximum(clips, 0)]
        return [features * mask[..., None], mask.astype(np.float32)]


def pool(features: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    """Mean and maximum over each frame: (copies, n, 14, 14, 512) to (copies, n, 1024)."""
    shape = features.shape
    pooled = np.empty((*shape[:2], 2 * shape[-1]), dtype=np.float32)
    for copy in range(shape[0]):
        for place in range(shape[1]):
            each = np.asarray(features[copy, place], dtype=np.float32)
            pooled[copy, place] = np.concatenate([each.mean(axis=(0, 1)), each.max(axis=(0, 1))])
    return pooled


def evenly_spaced(places: Sequence[int], most: int) -> list[int]:
    """At most `most` of the indices, evenly spaced, including the first and the last."""
    if len(places) <= most:
        return list(places)
    return [places[round(n * (len(places) - 1) / max(1, most - 1))] for n in range(most)]


def make_clips(recordings: npt.NDArray[np.int64], most: int, *, repeat: bool) -> Clips:
    """A clip for each recording, of at most `most` of its frames.

    Args:
        recordings: (n,) index of each frame's recording.
        most: frames in each clip.
        repeat: pad a short clip by repeating its frames, else with -1.
    """
    clips = np.full((int(recordings.max()) + 1, most), -1, dtype=np.int64)
    for number in range(len(clips)):
        frame_indices = evenly_spaced(np.flatnonzero(recordings == number).tolist(), most)
        clips[number, : len(frame_indices)] = frame_indices
        if repeat:
            clips[number] = np.resize(frame_indices, most)
    return clips
