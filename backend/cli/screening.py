"""Screening without a server: `pocovid screen`."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli import terminal
from models.contract import CLASS_NAMES, DISCLAIMER, Prediction, Square
from models.data.file_names import to_valid_text
from models.media.sampling import MediaError

if TYPE_CHECKING:
    from models.inference.predict import Predictor


app = typer.Typer()


Files = Annotated[list[Path], typer.Argument(help="Images or videos.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Crop = Annotated[
    str | None,
    typer.Option(help="Crop square in source pixels: X,Y,SIZE. [default: the proposed one]"),
]


@app.command(context_settings={"ignore_unknown_options": True})
def screen(files: Files, as_json: AsJson = False, crop: Crop = None) -> None:
    """Screen images and videos with the five models on this machine, without a server.

    The exit status is 1 if any file could not be screened; the others are screened anyway.
    """
    square = _square(crop)
    terminal.quiet()
    from models.inference.artifact import ArtifactError
    from models.inference.predict import Predictor

    names = to_valid_text([str(path) for path in files])
    answers: list[tuple[str, Prediction | MediaError]] = []
    with terminal.progress() as progress:
        loading = progress.add_task("Loading the five models", total=None)
        try:
            predictor = Predictor.load()
        except ArtifactError as error:
            terminal.stop(str(error))
        progress.remove_task(loading)
        overall = progress.add_task("Recordings", total=len(files), visible=len(files) > 1)
        for path, name in zip(files, names, strict=True):
            frames = progress.add_task(terminal.printable(Path(name).name), total=None)
            result = _answer(
                path,
                predictor,
                square,
                # Bound now, since every file has its own bar.
                lambda done, total, bar=frames: progress.update(  # type: ignore[misc]
                    bar, completed=done, total=total
                ),
            )
            progress.remove_task(frames)
            progress.advance(overall)
            if as_json:
                typer.echo(json.dumps(_line(name, result), ensure_ascii=False))
            answers.append((name, result))
    if not as_json:
        _table(answers)
    if any(isinstance(result, MediaError) for _, result in answers):
        raise typer.Exit(1)


def _answer(
    path: Path, predictor: "Predictor", square: Square | None, progress: Callable[[int, int], None]
) -> Prediction | MediaError:
    """The prediction for one file, or the error, so that one file does not end a batch."""
    from models.inference.screen import screen as answer

    try:
        return answer(path, predictor, square, progress)
    except MediaError as error:
        return error
    except OSError as error:
        return MediaError("unreadable_file", f"{error.strerror or error}.")
    except Exception as error:  # noqa: BLE001  its traceback is printed, and the batch continues
        typer.echo(traceback.format_exc(), err=True)
        return MediaError(
            "internal_error",
            f"Internal error ({type(error).__name__}); the traceback is above.",
        )


def _square(crop: str | None) -> Square | None:
    if crop is None:
        return None
    try:
        x, y, size = (int(part) for part in crop.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"expected three whole numbers as X,Y,SIZE, got {crop!r}", param_hint="--crop"
        ) from None
    return Square(x, y, size)


def _line(name: str, result: Prediction | MediaError) -> dict[str, Any]:
    if isinstance(result, MediaError):
        return {"file": name, "error": {"code": result.code, "message": result.message}}
    return {"file": name, "result": result.to_dict()}


def _table(answers: list[tuple[str, Prediction | MediaError]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("File", overflow="fold", min_width=16),
        "Answer",
        *CLASS_NAMES.values(),
        "Agree",
        "Frames",
        box=SIMPLE_HEAD,
    )
    refused = []
    for path, result in answers:
        # As Text, since a name may contain markup.
        name = Text(terminal.printable(path))
        if isinstance(result, MediaError):
            table.add_row(name, "–")
            refused.append(Text.assemble(name, ": ", result.message))
            continue
        table.add_row(
            name,
            CLASS_NAMES[result.label],
            *(f"{result.probabilities[key]:.1%}" for key in CLASS_NAMES),
            f"{result.agreement} of {len(result.models)}",
            str(len(result.frames)),
        )
    console = Console()
    console.print(table)
    for line in refused:
        console.print(line, soft_wrap=True)
    console.print(DISCLAIMER)
