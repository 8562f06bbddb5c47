"""Screening of a recording, batch by batch: used by the worker and the command line."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.contract import Prediction, Probe, Square
from models.inference.evidence import Evidence
from models.media import sampling
from models.media.colour import coloured_share

BATCH = 6
"""Frames per batch: enough to keep the processor busy, few enough to show progress."""


class FrameScorer(Protocol):
    """The part of `models.inference.predict.Predictor` that a screening uses."""

    @property
    def version(self) -> str:
        """The artifact's version, stored with each prediction."""

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Softmax scores (models, n, 3) for uint8 RGB frames (n, 224, 224, 3)."""

    def evidence(self, frames: npt.NDArray[np.uint8]) -> Evidence:
        """What all networks say of uint8 RGB frames (n, 224, 224, 3)."""

    def conclude(
        self,
        evidences: Sequence[Evidence],
        times_s: Sequence[float],
        square: Square,
        probe: Probe = Probe.CONVEX,
    ) -> Prediction:
        """A recording's prediction from the evidence of all its batches."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive frames of a recording, and what the networks say of them."""

    frames: Sequence[sampling.Frame]
    evidence: Evidence


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
        coloured = np.array([coloured_share(frame.pixels) for frame in chunk])
        yield Batch(chunk, replace(predictor.evidence(inputs), coloured=coloured))


def screen(
    path: Path,
    predictor: FrameScorer,
    square: Square | None = None,
    progress: Callable[[int, int], None] | None = None,
    probe: Probe = Probe.CONVEX,
    look: Callable[[Batch], None] | None = None,
    opened: Callable[[sampling.Recording], None] | None = None,
) -> Prediction:
    """The prediction for one image or video.

    Args:
        path: the file.
        predictor: see `models.inference.predict.Predictor.load`.
        square: crop in source pixels; by default the proposed one.
        progress: called with the number of frames done and in all.
        probe: that the recording was made with.
        look: called with each batch, for example to draw its maps.
        opened: called with the recording before any of it is decoded.

    Raises:
        MediaError: the file cannot be used, see `models.media.sources.open_source`.
    """
    recording = sampling.Recording.open(path)
    if opened is not None:
        opened(recording)
    crop = square or recording.proposed_square()
    report = progress or _no_progress
    total = len(recording.sampled())
    report(0, total)
    evidences: list[Evidence] = []
    times_s: list[float] = []
    for batch in batches(recording, crop, predictor):
        evidences.append(batch.evidence)
        times_s += [frame.time_s for frame in batch.frames]
        if look is not None:
            look(batch)
        report(len(times_s), total)
    return predictor.conclude(evidences, times_s, crop, probe)


def _no_progress(_done: int, _total: int) -> None:
    """The default progress callback, which does nothing."""
