"""The sub-commands of DICOM files: `pocovid dicom deidentify`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli import terminal
from backend.cli.start import read_settings, refuse, transaction

if TYPE_CHECKING:
    from models.media.confidentiality.header import Deidentifier

app = typer.Typer(no_args_is_help=True)


@app.callback()
def dicom() -> None:
    """Work with DICOM files."""


@app.command()
def deidentify(
    source: Annotated[
        Path, typer.Argument(exists=True, help="A DICOM file of ultrasound, or a folder of them.")
    ],
    target: Annotated[Path, typer.Argument(help="The file to write, or the folder to write into.")],
    modified_dates: Annotated[
        bool,
        typer.Option(
            "--modified-dates",
            help="Move all dates of a patient back by the same number of days, rather than to "
            "remove them.",
        ),
    ] = False,
) -> None:
    """Write copies without names: header by PS3.15's Basic Profile, pixels without burned-in text.

    UIDs are replaced by hashes with the installation's key, so that a study stays together. In a
    folder, the copies are named by their new UID. The exit status is 1 if a file was refused; the
    others are written. The search for text may miss some: look at what you hand on.
    """
    from backend.core.errors import PocovidError
    from backend.installation import key
    from models.media.confidentiality.header import Deidentifier

    settings = read_settings()
    try:
        with transaction(settings) as session:
            by = Deidentifier(key.read(session, settings), modified_dates=modified_dates)
    except PocovidError as error:
        refuse(str(error))
    if source.is_file():
        paths = {source: target}
        if target.is_dir() or target.exists():
            refuse(f"{target} exists. Name a file that does not.")
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        found = sorted((path for path in source.rglob("*") if path.is_file()), key=os.fsencode)
        paths = dict.fromkeys(found, target)
        target.mkdir(parents=True, exist_ok=True)
    refused = [path for path, place in paths.items() if not _write(path, place, by)]
    if refused:
        raise typer.Exit(1)


def _write(path: Path, target: Path, by: "Deidentifier") -> bool:
    """Write one copy and say so; False: it was refused, and the reason was said."""
    from models.media.confidentiality.file import deidentify_file
    from models.media.sampling import MediaError

    name = terminal.printable(path.name)
    try:
        if target.is_dir():
            scratch = target / f".{os.getpid()}.dcm"
            made = deidentify_file(path, scratch, by)
            scratch.replace(target / f"{made.sop_instance_uid}.dcm")
        else:
            made = deidentify_file(path, target, by)
    except MediaError as error:
        typer.echo(f"{name}: {error.message}", err=True)
        return False
    except OSError as error:
        typer.echo(f"{name}: it could not be written: {error.strerror}.", err=True)
        return False
    text = f", text masked in {made.masked} places" if made.masked else ""
    typer.echo(f"{name}: {made.frames} frames{text}")
    return True
