"""The sub-commands of artifacts: `pocovid artifact …`."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli import terminal
from backend.cli.dataset import WORK
from backend.cli.start import read_settings, refuse, transaction

app = typer.Typer(no_args_is_help=True)


@app.callback()
def artifact() -> None:
    """Manage the artifacts: list, activate, add fingerprints."""


@app.command("list")
def list_() -> None:
    """List all artifacts with their video accuracy; a star marks the active one."""
    from backend.trainings.artifacts import service

    with transaction(read_settings()) as session:
        listing = service.listing(session)
    for artifact in listing.items:
        accuracy = artifact.metrics.get(artifact.group, {}).get("video_accuracy")
        origin = "shipped" if artifact.shipped else f"release {artifact.release}"
        figure = "" if accuracy is None else f", videos by {artifact.group} {accuracy:.1%}"
        typer.echo(f"{'*' if artifact.active else ' '} {artifact.version}  ({origin}{figure})")
    if not listing.items:
        typer.echo("There is none yet: a worker registers the shipped one when it starts.")


@app.command()
def activate(
    version: Annotated[
        str | None, typer.Argument(help="Such as pocovidnet-1. [default: the one before]")
    ] = None,
) -> None:
    """Activate an artifact from the next screening on; without a version, roll back."""
    from backend.core.errors import PocovidError
    from backend.storage.factory import open_storage
    from backend.trainings.artifacts import service

    settings = read_settings()
    try:
        with transaction(settings) as session:
            chosen = version or service.listing(session).previous
            if chosen is None:
                refuse("There is nothing to roll back to.")
            service.activate(session, open_storage(settings), None, chosen)
    except PocovidError as error:
        refuse(error.detail)
    typer.echo(f"{chosen} is active now.")


@app.command()
def fingerprints(
    folder: Annotated[Path, typer.Argument(help="Folder of the artifact.")],
    data: Annotated[Path, typer.Option(help="Dataset folder with all its training recordings.")],
    work: Annotated[Path, typer.Option(help="Folder that caches extracted frames.")] = WORK,
) -> None:
    """Add the fingerprints of its training recordings to an older artifact."""
    terminal.quiet()
    from models.data.importing import find_dataset
    from models.data.index import DatasetError
    from models.evaluation.held_out import HeldOutError, add_fingerprints
    from models.inference.artifact import ArtifactError

    with terminal.stages() as progress:
        try:
            count = add_fingerprints(
                folder,
                find_dataset(data),
                work,
                lambda done, total: progress("Reading", done, total),
            )
        except (ArtifactError, DatasetError, HeldOutError) as error:
            terminal.stop(str(error))
    typer.echo(f"{folder}: {count} recordings have fingerprints.")
