"""Screening of a recording, batch by batch: used by the worker and the command line."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.contract import Prediction, Square, summarise
from models.media import sampling
from models.media.square import propose_square

BATCH = 6
"""Frames per batch: enough to keep the processor busy, few enough to show progress."""


class FrameScorer(Protocol):
    """The part of `models.inference.predict.Predictor` that a screening uses."""

    @property
    def version(self) -> str:
        """The artifact's version, stored with each prediction."""

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Softmax scores (models, n, 3) for uint8 RGB frames (n, 224, 224, 3)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive frames of a recording, and the models' softmax scores (models, n, 3)."""

    frames: Sequence[sampling.Frame]
    scores: npt.NDArray[np.float32]


def batches(
    recording: sampling.Recording, square: Square, predictor: FrameScorer
) -> Iterator[Batch]:
    """Decode and predict the sampled frames in batches, with constant memory.

    Raises:
        MediaError: `crop_outside`, or the recording could not be decoded.
    """
    frames = recording.frames(square)
    while chunk := list(itertools.islice(frames, BATCH)):
        inputs = np.stack([sampling.to_input(frame.pixels) for frame in chunk])
        yield Batch(chunk, predictor.scores(inputs))


def conclude(
    scores: Sequence[npt.NDArray[np.float32]],
    times_s: Sequence[float],
    square: Square,
    version: str,
) -> Prediction:
    """The recording's prediction, from the scores of all batches and the times of all frames."""
    return summarise(np.concatenate(scores, axis=1).tolist(), times_s, square, version)


def screen(
    path: Path,
    predictor: FrameScorer,
    square: Square | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """The prediction for one image or video.

    Args:
        path: the file.
        predictor: see `models.inference.predict.Predictor.load`.
        square: crop in source pixels; by default the proposed one.
        progress: called with the number of frames done and in all.

    Raises:
        MediaError: the file cannot be used, see `models.media.sources.open_source`.
    """
    recording = sampling.Recording.open(path)
    crop = square or propose_square(recording.preview_frames())
    report = progress or _no_progress
    total = len(recording.sampled())
    report(0, total)
    scores: list[npt.NDArray[np.float32]] = []
    times_s: list[float] = []
    for batch in batches(recording, crop, predictor):
        scores.append(batch.scores)
        times_s += [frame.time_s for frame in batch.frames]
        report(len(times_s), total)
    return conclude(scores, times_s, crop, predictor.version)


def _no_progress(_done: int, _total: int) -> None:
    """The default progress callback, which does nothing."""
