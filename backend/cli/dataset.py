"""The sub-commands of the dataset: `pocovid dataset …`."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli import terminal
from backend.cli.start import read_settings, refuse, transaction

if TYPE_CHECKING:
    from backend.core.settings import Settings
    from models.data.statistics.survey import Spread, Survey

app = typer.Typer(no_args_is_help=True)

POLL_S = 0.3

WORK = Path("data/training")
"""Default cache folder of extracted frames, shared with training and evaluation."""

Work = Annotated[Path, typer.Option(help="Folder that caches extracted frames, also for training.")]


@app.callback()
def dataset() -> None:
    """Manage the dataset: import, statistics and releases."""


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(help="Folder of the public POCUS layout, or a Git repository's URL.")
    ],
    into: Annotated[Path, typer.Option(help="Folder of the dataset.")] = Path("data/dataset"),
    work: Work = WORK,
) -> None:
    """Import a dataset: its readable recordings, their table, and their extracted frames.

    An interrupted import can be resumed. `recordings.json` then lists the metadata of each
    recording: label, probe, licence, patient, comments, findings, symptoms and measurements.
    """
    terminal.quiet()
    from models.data.extraction import FRAMES, FrameCache
    from models.data.importing import RECORDINGS, import_dataset
    from models.data.index import DatasetError

    with terminal.stages() as progress:
        try:
            found = import_dataset(source, into, FrameCache(work / FRAMES), progress)
        except DatasetError as error:
            terminal.stop(str(error))
    entries = len(found.index.entries)
    trained = sum(entry.key not in found.unreadable for entry in found.index.trained)
    typer.echo(
        f"{into}: {entries - len(found.unreadable)} of {entries} recordings, {found.copied} of "
        f"them new; {trained} can be trained on. See {into / RECORDINGS}."
    )
    index = found.index
    _faults(found.unreadable, index.rows_without_file, index.files_without_row)
    _names(index.ambiguities, index.approximate)


@app.command()
def release(
    note: Annotated[str, typer.Option(help="Release notes of this version.")] = "",
    wait: Annotated[
        bool,
        typer.Option(
            help="Wait until everything approved is de-identified, and then until a worker has "
            "built the release; print its statistics."
        ),
    ] = True,
) -> None:
    """Create a numbered version of everything approved. A running worker builds it."""
    from backend.core.errors import PocovidError
    from backend.jobs.celery import make_celery, send_remembered
    from backend.releases import service

    settings = read_settings()
    if wait:
        _wait_for_deidentification(settings)
    try:
        with transaction(settings) as session:
            number = service.create(session, None, note).number
    except PocovidError as error:
        refuse(error.detail)
    send_remembered(session, make_celery(settings))
    typer.echo(f"Release {number} is queued.")
    if wait:
        _follow(settings, number)


def _wait_for_deidentification(settings: "Settings") -> None:
    """Show how much of what is approved now is de-identified, until all of it is."""
    from backend.core.db import Database
    from backend.releases import repository

    database = Database.connect(settings)
    most = 0
    try:
        with terminal.stages() as progress:
            while True:
                with database.read() as session:
                    waiting = repository.waiting_for_ingest(session)
                most = max(most, waiting)
                if most:
                    progress("De-identifying", most - waiting, most)
                if not waiting:
                    break
                time.sleep(POLL_S)
    finally:
        database.close()


def _follow(settings: "Settings", number: int) -> None:
    """Show the progress of a release until it has ended; exit status 1 if it failed."""
    from backend.core.db import Database
    from backend.releases import repository
    from backend.tables.vocabulary import JobState

    ended = {JobState.DONE, JobState.FAILED}
    database = Database.connect(settings)
    try:
        with terminal.stages() as progress:
            while True:
                with database.read() as session:
                    row = repository.get(session, number)
                    diff = repository.diff(session, number) if row else None
                if row is None or row.state in ended:
                    break
                progress("Recordings", row.done, row.total)
                time.sleep(POLL_S)
    finally:
        database.close()
    if row is None or row.error:
        refuse(f"Release {number} failed: {row.error if row else 'it no longer exists.'}")
    summary = row.summary
    assert summary and diff, number  # noqa: S101, PT018  # it is done
    typer.echo(
        f"Release {number}: {summary.recordings} recordings, {summary.frames} frames; "
        f"{len(diff.added)} added, {len(diff.withdrawn)} withdrawn, "
        f"{len(diff.relabelled)} relabelled."
    )


@app.command()
def stats(
    folder: Annotated[Path, typer.Argument(help="Folder in the layout of the public dataset.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figure, the CSV tables and the JSON file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    work: Work = WORK,
) -> None:
    """Compute statistics of a dataset by source, class and probe, and list its defects."""
    terminal.quiet()
    from models.data.extraction import FRAMES, FrameCache
    from models.data.importing import find_dataset
    from models.data.index import DatasetError, read_index
    from models.data.statistics.files import write
    from models.data.statistics.survey import survey

    with terminal.stages() as progress:
        try:
            index = read_index(find_dataset(folder))
            cache = FrameCache(work / FRAMES)
            failed = cache.fill(
                index.entries, lambda done, total: progress("Reading recordings", done, total)
            )
        except DatasetError as error:
            terminal.stop(str(error))
    known = {entry.sha256 for entry in index.entries} - set(failed)
    found = survey(index, {sha256: cache.facts(sha256) for sha256 in known}, failed)
    if as_json:
        import json

        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        _print(found)
    if out:
        for path in write(found, out):
            typer.echo(f"wrote {path}", err=True)


def _print(found: "Survey") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    # Wide tables wrap badly; a file or a pipe has no width to fit.
    console = Console(width=None if Console().is_terminal else 150)
    titles = {
        "Training set: convex, three classes": found.overall,
        "By probe and class": found.by_class,
        "By source and class": found.by_source,
    }
    for title, lines in titles.items():
        table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
        for name in lines[0].names if lines else ():
            table.add_column(name)
        for name in ("videos", "stills", "patients", "frames"):
            table.add_column(name, justify="right")
        for name in ("frames/video", "length s", "rate Hz", "width", "height"):
            table.add_column(name, justify="right", no_wrap=True)
        for line in lines:
            counts = (line.videos, line.stills, line.patients, line.frames)
            measures = (line.frames_per_video, line.length_s, line.frame_rate_hz)
            table.add_row(
                *line.names.values(),
                *map(str, counts),
                *map(_spread, measures),
                *(_range(spread) for spread in (line.width, line.height)),
            )
        console.print(table)
    console.print(
        "Frames as sampled: 3 per second, at most 30. Mean ± standard deviation; sizes as ranges."
    )
    for pair in found.duplicates:
        kind = "the same file" if pair.exact else f"nearly the same ({pair.bits} of 64 bits)"
        note = ", filed under different patients" if pair.across_patients else ""
        typer.echo(f"{kind}{note}: {pair.one.key} and {pair.other.key}")
    _faults(found.unreadable, found.rows_without_file, found.files_without_row)
    _names(found.ambiguities, found.approximate)


def _faults(unreadable: Mapping[str, str], rows: Sequence[str], files: Sequence[str]) -> None:
    for key, reason in unreadable.items():
        typer.echo(f"unreadable: {key}: {reason}")
    for name in rows:
        typer.echo(f"row without a file: {name}")
    for name in files:
        typer.echo(f"file without a row, or with an unknown label: {name}")


def _names(ambiguities: Sequence[str], approximate: Sequence[str]) -> None:
    for reason in ambiguities:
        typer.echo(f"left out: {reason}")
    for reason in approximate:
        typer.echo(f"matched approximately: {reason}")


def _spread(each: "Spread") -> str:
    if each.mean is None:
        return "–"
    return f"{each.mean:.1f}" + (f" ± {each.sd:.1f}" if each.sd is not None else "")


def _range(each: "Spread") -> str:
    if each.least is None or each.most is None:
        return "–"
    low, high = round(each.least), round(each.most)
    return str(low) if low == high else f"{low}–{high}"
