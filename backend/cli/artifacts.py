"""The sub-commands of artifacts: `pocovid artifact …`."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli import terminal
from backend.cli.dataset import WORK
from backend.cli.start import read_settings, refuse, transaction

app = typer.Typer(no_args_is_help=True)


Data = Annotated[Path, typer.Option(help="Dataset folder with all its training recordings.")]
Lungs = Annotated[
    Path, typer.Option(help="Folder of further lung recordings, listed in its manifest.csv.")
]
Others = Annotated[
    Path, typer.Option(help="Folder of pictures that show no lung, listed in its manifest.csv.")
]
Out = Annotated[Path, typer.Option(help="Folder of the new artifact; its name is its version.")]
Work = Annotated[Path, typer.Option(help="Folder that caches extracted frames.")]


@app.callback()
def artifact() -> None:
    """Manage the artifacts: list, activate, add fingerprints or signs, calibrate."""


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
    data: Data,
    work: Work = WORK,
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


@app.command()
def calibrate(
    folder: Annotated[Path, typer.Argument(help="Folder of an artifact with signs.")],
    data: Data,
    out: Out,
    work: Work = WORK,
) -> None:
    """Write a new artifact whose sign network also runs in 8 bits; all else stays as it is."""
    terminal.quiet()
    from models.data.importing import find_dataset
    from models.data.index import DatasetError
    from models.evaluation.held_out import HeldOutError
    from models.inference.artifact import ArtifactError
    from models.training.add_signs import calibrate_artifact

    with terminal.stages() as progress:
        try:
            calibrate_artifact(folder, find_dataset(data), work, out, progress)
        except (ArtifactError, DatasetError, HeldOutError) as error:
            terminal.stop(str(error))
    typer.echo(f"{out}: the sign network is calibrated for 8 bits.")


@app.command()
def fit_refusal(
    folder: Annotated[Path, typer.Argument(help="Folder of an artifact with signs.")],
    data: Data,
    lungs: Lungs,
    others: Others,
    out: Out,
    work: Work = WORK,
) -> None:
    """Write a new artifact that learns anew what to refuse; all else stays as it is."""
    terminal.quiet()
    from models.data.importing import find_dataset
    from models.data.index import DatasetError
    from models.evaluation.held_out import HeldOutError
    from models.inference.artifact import ArtifactError
    from models.training import add_signs

    with terminal.stages() as progress:
        try:
            manifest = add_signs.fit_refusal(
                folder, find_dataset(data), lungs, others, work, out, progress
            )
        except (ArtifactError, DatasetError, HeldOutError) as error:
            terminal.stop(str(error))
    refused = manifest.answer["refused"]
    typer.echo(f"{out}: held out, refused {_counted(refused['lungs'])} lungs")
    for kind, row in refused["others"].items():
        typer.echo(f"  {kind}: {_counted(row)}")


def _counted(row: dict[str, int]) -> str:
    return f"{row['refused']} of {row['recordings']}"


@app.command()
def signs(
    folder: Annotated[Path, typer.Argument(help="Folder of an artifact without signs.")],
    network: Annotated[Path, typer.Option(help="Weights written by `pocovid train-signs`.")],
    data: Data,
    lungs: Lungs,
    others: Others,
    out: Out,
    work: Work = WORK,
) -> None:
    """Write a new artifact that also reads signs, refuses what is no lung, and is calibrated."""
    terminal.quiet()
    from models.data.importing import find_dataset
    from models.data.index import DatasetError
    from models.evaluation.held_out import HeldOutError
    from models.inference.artifact import ArtifactError
    from models.inference.sign_weights import SignWeights, SignWeightsError
    from models.training.add_signs import add_signs

    with terminal.stages() as progress:
        try:
            weights = SignWeights.read(network)
            manifest = add_signs(
                folder, weights, find_dataset(data), lungs, others, work, out, progress
            )
        except (ArtifactError, DatasetError, HeldOutError, SignWeightsError) as error:
            terminal.stop(str(error))
    for part, by_group in manifest.answer["metrics"].items():
        for group, metrics in by_group.items():
            typer.echo(
                f"{part} by {group}: frames {metrics['frame_balanced_accuracy']:.3f} balanced, "
                f"videos {metrics['video_accuracy']:.3f}"
            )
    refused = manifest.answer["refused"]
    for kind, row in {"lungs": refused["lungs"], **refused["others"]}.items():
        typer.echo(f"{kind}: {row['refused']} of {row['recordings']} refused")
    for probe, row in refused["taken_for_linear"].items():
        typer.echo(f"{probe}: {row['refused']} of {row['recordings']} taken for a linear probe")


@app.command()
def refusals(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of an artifact. [default: the shipped one]")
    ] = None,
    others: Annotated[
        Path | None,
        typer.Option(help="Folder of pictures that show no lung, listed in its manifest.csv."),
    ] = None,
    lungs: Annotated[
        Path | None, typer.Option(help="Folder of lung recordings, listed in its manifest.csv.")
    ] = None,
    drawings: Annotated[int, typer.Option(min=0, help="Drawings of each kind.")] = 30,
    sheet: Annotated[
        Path | None, typer.Option(help="PNG for the five worst mistakes on each side.")
    ] = None,
) -> None:
    """Show an artifact pictures of many kinds, real and drawn; print how many it refuses."""
    terminal.quiet()
    from models.data.index import DatasetError
    from models.evaluation import refusals as measured
    from models.inference.artifact import ArtifactError, active
    from models.media.reencode import png

    with terminal.stages() as progress:
        try:
            shown = measured.show_all(folder or active(), others, lungs, drawings, progress)
        except (ArtifactError, DatasetError) as error:
            terminal.stop(str(error))
    for row in measured.rows(shown):
        share = row.refused / row.shown
        typer.echo(f"{row.kind} ({row.origin}): {row.refused} of {row.shown} refused, {share:.1%}")
    for lung, name in ((False, "no lung"), (True, "lungs")):
        counted = [each.is_refused for each in shown if each.is_lung is lung]
        if counted:
            typer.echo(f"all, {name}: {sum(counted)} of {len(counted)} refused")
    picture = measured.worst_sheet(shown)
    if sheet is not None and picture is not None:
        sheet.write_bytes(png(picture))
        typer.echo(f"wrote {sheet}", err=True)
