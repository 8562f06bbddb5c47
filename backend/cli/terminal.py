"""What the sub-commands of the command line share: bars of progress, and a way to stop."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Told = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def progress() -> "Progress":
    """Bars on standard error, so that what a command answers can go to a file."""
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
def stages() -> Iterator[Told]:
    """A bar for every step that is told of, each named in the log as it begins."""
    with progress() as shown:
        bars: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = shown.add_task(stage)
                shown.console.log(stage, markup=False)
            shown.update(bars[stage], completed=done, total=total)

        yield told


def quiet() -> None:
    """Keep TensorFlow's start-up notes off standard error: they are not for people."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # A name with letters that the terminal does not know is no reason to stop.
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]


def printable(text: str) -> str:
    """A line without what would break or turn it: line ends, control and direction marks."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def stop(message: str) -> NoReturn:
    """End the command with a sentence on standard error and status 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)
