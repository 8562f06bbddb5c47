"""Screening without a server: `pocovid screen`."""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli import terminal
from models.contract import (
    CLASS_NAMES,
    CLASSES,
    DISCLAIMER,
    SIGN_NAMES,
    Prediction,
    Probe,
    SignFinding,
    Square,
)
from models.data.file_names import to_valid_text
from models.media.sampling import MediaError, Recording

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from models.inference.predict import Predictor
    from models.inference.screen import Batch


app = typer.Typer()


class Network(StrEnum):
    """What names the class."""

    ALL = "all"
    POCOVIDNET = "pocovidnet"


Files = Annotated[list[Path], typer.Argument(help="Images or videos.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Crop = Annotated[
    str | None,
    typer.Option(help="Crop square in source pixels: X,Y,SIZE. [default: the proposed one]"),
]
ProbeOption = Annotated[
    Probe, typer.Option("--probe", help="That made the recordings; linear: by signs alone.")
]
AnswerAnyway = Annotated[
    bool, typer.Option("--answer-anyway", help="Name a class for what is no lung ultrasound, too.")
]
NetworkOption = Annotated[
    Network, typer.Option("--network", help="What names the class: all parts, or one alone.")
]
OverlayFolder = Annotated[
    Path | None,
    typer.Option(
        "--overlay",
        metavar="DIR",
        help="Write a picture of each frame with its maps over it into this folder.",
        show_default=False,
    ),
]

REFUSED_STATUS = 3
"""Exit status where all could be screened, but something does not look like lung ultrasound."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was asked for, the same for all files."""

    square: Square | None
    probe: Probe
    anyway: bool

    def is_withheld(self, result: Prediction) -> bool:
        """Whether no class is named."""
        return not (result.usable or self.anyway)


@app.command(context_settings={"ignore_unknown_options": True})
def screen(
    files: Files,
    as_json: AsJson = False,
    crop: Crop = None,
    probe: ProbeOption = Probe.CONVEX,
    answer_anyway: AnswerAnyway = False,
    network: NetworkOption = Network.ALL,
    overlay: OverlayFolder = None,
) -> None:
    """Screen images and videos with the models on this machine, without a server.

    What does not look like lung ultrasound gets no class. The exit status is 1 if any file could
    not be screened, and 3 if all could but one of them got no class; the others are answered
    anyway.
    """
    asked = _Asked(_square(crop), probe, answer_anyway)
    terminal.quiet()
    from models.inference.artifact import ArtifactError
    from models.inference.predict import Predictor

    names = to_valid_text([str(path) for path in files])
    answers: list[tuple[str, Prediction | MediaError]] = []
    notes: dict[str, tuple[str, ...]] = {}
    with terminal.progress() as progress:
        loading = progress.add_task("Loading the models", total=None)
        try:
            predictor = Predictor.load(pocovidnet_alone=network is Network.POCOVIDNET)
        except ArtifactError as error:
            terminal.stop(str(error))
        progress.remove_task(loading)
        overall = progress.add_task("Recordings", total=len(files), visible=len(files) > 1)
        for number, (path, name) in enumerate(zip(files, names, strict=True), start=1):
            frames = progress.add_task(terminal.printable(Path(name).name), total=None)
            result = _answer(
                path,
                predictor,
                asked,
                # Bound now, since every file has its own bar.
                lambda done, total, bar=frames: progress.update(  # type: ignore[misc]
                    bar, completed=done, total=total
                ),
                _drawer(overlay, number, path),
                lambda recording, of=name: notes.update(  # type: ignore[misc]
                    {of: recording.source.acquisition.notes}
                ),
            )
            progress.remove_task(frames)
            progress.advance(overall)
            if as_json:
                typer.echo(
                    json.dumps(_line(name, result, asked, notes.get(name, ())), ensure_ascii=False)
                )
            answers.append((name, result))
    if not as_json:
        _print(answers, asked, notes)
    if any(isinstance(result, MediaError) for _, result in answers):
        raise typer.Exit(1)
    if any(asked.is_withheld(result) for _, result in answers if isinstance(result, Prediction)):
        raise typer.Exit(REFUSED_STATUS)


def _drawer(folder: Path | None, number: int, path: Path) -> "Callable[[Batch], None] | None":
    """What writes each frame with its maps over it into `FOLDER/NUMBER-NAME`; None for nothing."""
    if folder is None:
        return None
    from models.media import overlay, sampling

    # A part of the name, since a file's name may be as long as a folder's name can be.
    home = folder / f"{number}-{path.stem[:40]}"

    def draw(batch: "Batch") -> None:
        home.mkdir(parents=True, exist_ok=True)
        signs, cams = batch.evidence.signs, batch.evidence.cams
        keys = CLASSES if signs is None else overlay.MAPS
        for n, frame in enumerate(batch.frames):
            maps = overlay.to_grey(
                None if signs is None else signs.maps[n], None if cams is None else cams[n]
            )
            sheet = overlay.overlay_sheet(frame.pixels, maps, keys)
            jpeg = sampling.encode_jpeg(sheet, max(sheet.shape))
            (home / f"frame-{frame.index:03}.jpg").write_bytes(jpeg)

    return draw


def _answer(
    path: Path,
    predictor: "Predictor",
    asked: _Asked,
    progress: Callable[[int, int], None],
    look: "Callable[[Batch], None] | None",
    opened: Callable[[Recording], None],
) -> Prediction | MediaError:
    """The prediction for one file, or the error, so that one file does not end a batch."""
    from models.inference.screen import screen as answer

    try:
        return answer(path, predictor, asked.square, progress, asked.probe, look, opened)
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


def _line(
    name: str, result: Prediction | MediaError, asked: _Asked, notes: Sequence[str]
) -> dict[str, Any]:
    if isinstance(result, MediaError):
        return {"file": name, "error": {"code": result.code, "message": result.message}}
    answer = result.to_dict()
    if asked.is_withheld(result):
        answer |= dict.fromkeys(_WITHHELD) | {"models": []}
        answer["frames"] = [{**each, "probabilities": None} for each in answer["frames"]]
    return {
        "file": name,
        "result": answer | {"answered_anyway": asked.anyway and not result.usable},
        "notes": list(notes),
    }


_WITHHELD = ("label", "probability", "probabilities", "majority_vote", "agreement", "reliability")
"""What names a class, and is null where none is named."""


def _print(
    answers: list[tuple[str, Prediction | MediaError]],
    asked: _Asked,
    notes: Mapping[str, Sequence[str]],
) -> None:
    """The answers for people: the classes, the signs, and what else there is to say of each."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    # As Text, since a name may contain markup.
    named = [(Text(terminal.printable(path)), result) for path, result in answers]
    console.print(_classes(named, asked))
    signs = [
        (Text(terminal.printable(Path(name).name)), each.signs)
        for name, each in answers
        if isinstance(each, Prediction) and not asked.is_withheld(each) and each.signs is not None
    ]
    if signs:
        console.print(_signs(signs))
    for (name, result), (path, _) in zip(named, answers, strict=True):
        if remarks := " ".join([*notes.get(path, ()), *_remarks(result, asked)]):
            console.print(Text.assemble(name, ": ", remarks), soft_wrap=True)
    console.print(DISCLAIMER)


def _classes(answers: "list[tuple[Text, Prediction | MediaError]]", asked: _Asked) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    table = Table(
        Column("File", overflow="fold", min_width=16),
        "Answer",
        *CLASS_NAMES.values(),
        "Agree",
        "Frames",
        box=SIMPLE_HEAD,
    )
    for name, result in answers:
        if isinstance(result, MediaError) or asked.is_withheld(result):
            table.add_row(name, "–")
            continue
        used = sum(frame.usable for frame in result.frames) if result.usable else 0
        table.add_row(
            name,
            CLASS_NAMES[result.label],
            *(f"{result.probabilities[key]:.1%}" for key in CLASS_NAMES),
            f"{result.agreement} of {len(result.models)}",
            str(used or len(result.frames)),
        )
    return table


def _signs(answers: "list[tuple[Text, Mapping[str, SignFinding]]]") -> "Table":
    """How plainly each sign is seen, the mean over frames."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    table = Table(
        Column("Signs", overflow="fold", min_width=12),
        *(Column(name, overflow="fold") for name in SIGN_NAMES.values()),
        box=SIMPLE_HEAD,
    )
    for name, found in answers:
        table.add_row(name, *(f"{found[key].probability:.0%}" for key in SIGN_NAMES))
    return table


def _remarks(result: Prediction | MediaError, asked: _Asked) -> Iterator[str]:
    """Sentences on a file, in the order in which a reader needs them."""
    if isinstance(result, MediaError):
        yield result.message
        return
    for reason in result.reasons:
        yield reason.message
    if asked.is_withheld(result):
        yield "No class is named; --answer-anyway names one."
        return
    if not result.usable:
        yield "A class is named all the same, because it was asked for."
    if result.sentence is not None:
        yield result.sentence
    if (found := result.reliability) is not None:
        yield (
            f"Of {found.answers} answers as sure as this one, from "
            f"{_HELD_OUT.get(found.group, found.group)} never seen, {found.right} were right."
        )


_HELD_OUT = {"source": "sources", "patient": "patients", "recording": "recordings"}
