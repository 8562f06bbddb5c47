"""One row of the table of clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path], Path]
"""Writes a file under a name in an empty folder, and returns its path, another one perhaps."""


@dataclass(frozen=True)
class Case:
    """A file, and what must come out of it.

    What is known of it by its making is checked, and ffmpeg's presentation says the rest. Where
    ffmpeg is no judge, `unjudged` says why, and `numbers` and `times_s` must say everything.
    """

    name: str
    make: Make
    numbers: Sequence[int] | None = None
    times_s: Sequence[float] | None = None
    size: tuple[int, int] | None = None
    """Width and height of the upright picture on the screen."""
    stream: str | None = None
    """Which stream a player shows, in ffmpeg's words; None: the one that the command chooses."""
    unjudged: str = ""
    refused: str | None = None
    """The code with which the file must be refused."""


def even(numbers: Sequence[int], rate: float) -> list[float]:
    """Times of as many pictures at a rate."""
    return [place / rate for place in range(len(numbers))]
