"""When the frames of a DICOM clip are shown."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from models.media.dicom.elements import number, numbers

_USUAL_RATE = 25.0
"""Frames a second where neither the header nor the stream tells."""

_SLOWEST_S, _FASTEST_S = 10.0, 0.001
"""A plausible time between two frames: ultrasound has up to a thousand frames a second."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the frames and the length of the clip in seconds; `note` says what was missing."""

    times_s: Sequence[float]
    duration_s: float
    note: str | None = None


def frame_times(dataset: Dataset, count: int, stream_s: Sequence[float] | None = None) -> Timing:
    """The times of a clip's frames: by Frame Time, Frame Time Vector, or Cine Rate, in this order.

    Where none of them is usable, a stream of video tells (its times are `stream_s`); 25 frames a
    second are assumed without it.

    Args:
        dataset: the header.
        count: the number of frames, at least 1.
        stream_s: ascending times in seconds that a stream of video has of itself, if it has.
    """
    gap_s = _gap(number(dataset, "FrameTime"), 1e-3)
    if gap_s is not None:
        return _even(count, gap_s)
    vector = numbers(dataset, "FrameTimeVector")
    if len(vector) == count and count > 1:
        gaps_s = [_gap(each, 1e-3) for each in vector[1:]]
        known = [gap for gap in gaps_s if gap is not None]
        if len(known) == count - 1:
            times_s = list(itertools.accumulate(known, initial=0.0))
            return Timing(times_s, times_s[-1] + known[-1])
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = number(dataset, keyword)
        gap_s = _gap(1 / rate, 1.0) if rate and rate > 0 else None
        if gap_s is not None:
            missing = "The header gives no time for each frame"
            return _even(count, gap_s, f"{missing}: its playback rate is used, {rate:g} a second.")
    if stream_s is not None and len(stream_s) == count:
        gap_s = (stream_s[-1] - stream_s[0]) / (count - 1) if count > 1 else 1 / _USUAL_RATE
        times_s = [each - stream_s[0] for each in stream_s]
        return Timing(times_s, times_s[-1] + gap_s)
    return _even(
        count,
        1 / _USUAL_RATE,
        "The header does not say when its frames were taken: "
        f"{_USUAL_RATE:.0f} a second are assumed, so that times may be wrong.",
    )


def _even(count: int, gap_s: float, note: str | None = None) -> Timing:
    return Timing([place * gap_s for place in range(count)], count * gap_s, note)


def _gap(value: float | None, unit_s: float) -> float | None:
    """A time between two frames in seconds, None where it is not plausible."""
    if value is None or not _FASTEST_S <= value * unit_s <= _SLOWEST_S:
        return None
    return value * unit_s
