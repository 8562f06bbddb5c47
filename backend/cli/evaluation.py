"""The sub-command `pocovid evaluate`: metrics of an artifact, as in the paper."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli import terminal
from backend.cli.dataset import WORK
from models.contract import CLASS_NAMES

if TYPE_CHECKING:
    from models.evaluation.report.evaluation import Chapter, Evaluation

app = typer.Typer()


@app.command()
def evaluate(
    artifact: Annotated[
        Path | None,
        typer.Argument(help="Folder of an artifact. [default: the active one]"),
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder in the layout of the public POCUS dataset.")
    ] = Path("data/dataset"),
    report: Annotated[Path, typer.Option(help="Folder for the page, JSON and CSV.")] = Path(
        "data/report"
    ),
    fold: Annotated[
        int | None,
        typer.Option(
            help="Evaluate only this fold's model (from 0), on recordings it has not seen."
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=100, help="Bootstrap resamples for each interval.")
    ] = 2000,
    work: Annotated[
        Path, typer.Option(help="Folder that caches extracted frames and scores.")
    ] = WORK,
) -> None:
    """Evaluate an artifact on recordings that its models were not trained on; write a report.

    A training recording is scored by the model that held it out, any other by all models. An
    interrupted run can be resumed.
    """
    terminal.quiet()
    from models.data.importing import find_dataset
    from models.data.index import DatasetError
    from models.evaluation.held_out import HeldOutError
    from models.evaluation.report import files
    from models.evaluation.report.evaluation import evaluate as run
    from models.evaluation.report.scoring import EvaluationError
    from models.inference.artifact import ArtifactError, active

    with terminal.stages() as progress:
        try:
            folder = artifact or active()
            found = run(folder, find_dataset(data), work, progress, fold=fold, resamples=resamples)
        except (ArtifactError, DatasetError, EvaluationError, HeldOutError) as error:
            terminal.stop(str(error))
    paths = files.write(found, report)
    _print(found)
    for path in paths:
        typer.echo(f"wrote {path}", err=True)
    if any(chapter.unequal for chapter in found.chapters.values()):
        raise typer.Exit(1)


def _print(found: "Evaluation") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from models.evaluation.report import paper

    console = Console(width=None if Console().is_terminal else 120)
    for name, chapter in found.chapters.items():
        title = "External recordings" if name == "external" else f"Held out by {name}"
        table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
        table.add_column("frames")
        for column in ("sensitivity", "specificity", "precision", "F1", "frames", "videos"):
            table.add_column(column, justify="right")
        table.add_column("paper: sens. spec. prec. F1", justify="right")
        for key, class_name in CLASS_NAMES.items():
            measured, published = chapter.metrics["frame_classes"][key], paper.CLASSES[key]
            rates = ("sensitivity", "specificity", "precision", "f1")
            table.add_row(
                class_name,
                *(f"{measured[rate]:.3f}" for rate in rates),
                str(measured["count"]),
                str(sum(video.label == key for video in chapter.score_set.videos)),
                " ".join(f"{published[rate]:.2f}" for rate in rates),
            )
        console.print(table)
        typer.echo(_overall(chapter))


def _overall(chapter: "Chapter") -> str:
    figures = chapter.metrics
    line = (
        f"frames: accuracy {figures['frame_accuracy']}, "
        f"balanced {figures['frame_balanced_accuracy']}"
    )
    if figures["videos"]:
        line += (
            f"; videos: accuracy {figures['video_accuracy']} by mean probability, "
            f"{figures['video_accuracy_majority']} by majority"
        )
    if chapter.unequal is None:
        return line + "."
    if chapter.unequal:
        return f"{line}. These DIFFER from the manifest: {', '.join(chapter.unequal)}."
    return f"{line}. Equal to the manifest."
