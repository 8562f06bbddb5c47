"""Shared by the sub-commands: progress bars, and exiting with a message."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

ReportProgress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and the total."""


def progress() -> "Progress":
    """Progress bars on standard error, so that standard output can go to a file."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def stages() -> Iterator[ReportProgress]:
    """A bar for every reported stage, each logged as it begins."""
    with progress() as display:
        bars: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = display.add_task(stage)
                display.console.log(stage, markup=False)
            display.update(bars[stage], completed=done, total=total)

        yield report


def quiet() -> None:
    """Suppress TensorFlow's start-up messages."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # A character that the terminal cannot encode must not raise.
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]


def printable(text: str) -> str:
    """The text with line ends, control characters and direction marks escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def stop(message: str) -> NoReturn:
    """Print a sentence on standard error, and exit with status 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)
