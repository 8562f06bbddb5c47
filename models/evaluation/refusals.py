"""What an artifact refuses: pictures that are no lung, and lungs, real and drawn, kind by kind."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import FRAME_SIDE, LUNG
from models.data.index import DatasetError
from models.inference import artifact
from models.inference.answer import Method
from models.inference.artifact import ArtifactError
from models.inference.sign_reader import SignReader
from models.media.colour import coloured_share
from models.media.contact_sheet import contact_sheet
from models.media.sampling import MediaError, Recording, to_input
from models.media.square import Picture
from models.phantom.draw import draw
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.others import OtherKind, draw_other
from models.phantom.scene import random_scene

WORST = 5

Progress = Callable[[str, int, int], None]
Frames = npt.NDArray[np.uint8]
Shares = npt.NDArray[np.float64]
"""Of each frame, how much of it is in colour."""

_SEED = 7_000_003
"""Of drawings that no training has seen."""

_LUNGS = "lungs"
_LINEAR = "lungs, linear probe"
"""To be refused too, since answers are made for convex probes."""

_DRAWN = (*OtherKind, _LINEAR, _LUNGS)
_CELL = 224
_CAPTION = 22


@dataclass(frozen=True, slots=True)
class Shown:
    """A recording or picture that the artifact was shown.

    `origin` is "real" or "drawn". `is_lung` says whether it shows a lung by a convex probe, so that
    it is to be answered and everything else refused. `lung` is the mean of the probability that a
    frame shows a lung; `picture` is its first frame, uint8 RGB (224, 224, 3).
    """

    kind: str
    origin: str
    is_lung: bool
    name: str
    is_refused: bool
    lung: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class KindRow:
    """How many of a kind were shown, and how many of them refused."""

    kind: str
    origin: str
    is_lung: bool
    shown: int
    refused: int


def show_all(
    folder: Path, others: Path | None, lungs: Path | None, drawings: int, progress: Progress
) -> list[Shown]:
    """Show an artifact real pictures and drawings, as recordings of a convex probe.

    Args:
        folder: of an artifact with a sign network that refuses something.
        others: folder of pictures that are no lung; `manifest.csv` lists each `file` and `kind`.
        lungs: folder of lungs; `manifest.csv` lists each `file` and its `probe`, "convex" or
            "linear"; others are left out.
        drawings: how many of each kind are drawn, lungs included; 0 for none.
        progress: called after every picture.

    Raises:
        ArtifactError: it cannot be read, or refuses nothing.
        DatasetError: a picture is missing or cannot be read.
    """
    manifest, weights = artifact.load(folder)
    if weights.signs is None or not manifest.answer.get("usable"):
        raise ArtifactError(f"{manifest.version} refuses nothing: it has no sign network.")
    reader = SignReader(weights, manifest.preprocessing["means"])
    method = Method.of(manifest, reader.maps, reader.signs, weights.readers)
    column = reader.signs.index(LUNG)
    found = []
    for kind, origin, name, frames, coloured in _pictures(others, lungs, drawings, progress):
        signs = reader.run(frames)
        found.append(
            Shown(
                kind,
                origin,
                kind == _LUNGS,
                name,
                method.refusal(signs, coloured=coloured) is not None,
                float(signs.whole[:, column].mean()),
                frames[0],
            )
        )
    return found


def rows(shown: Sequence[Shown]) -> list[KindRow]:
    """A row for each kind and origin, in the order in which they were shown."""
    kinds = dict.fromkeys((each.kind, each.origin, each.is_lung) for each in shown)
    groups = {
        key: [each for each in shown if (each.kind, each.origin, each.is_lung) == key]
        for key in kinds
    }
    return [
        KindRow(*key, len(group), sum(each.is_refused for each in group))
        for key, group in groups.items()
    ]


def worst(shown: Sequence[Shown], *, lungs: bool, most: int = WORST) -> list[Shown]:
    """The mistakes on one side, the plainest first: lungs refused, or other pictures answered."""
    mistakes = [each for each in shown if each.is_lung == lungs and each.is_refused == lungs]
    return sorted(mistakes, key=lambda each: (each.lung if lungs else -each.lung, each.name))[:most]


def worst_sheet(shown: Sequence[Shown]) -> Picture | None:
    """The worst with captions, lungs in a row of their own; None without a mistake."""
    others, lungs = (
        [_captioned(each) for each in worst(shown, lungs=side)] for side in (False, True)
    )
    gap = [np.zeros((FRAME_SIDE, FRAME_SIDE, 3), np.uint8)] * (WORST - len(others))
    cells = [*others, *gap, *lungs] if lungs else others
    return contact_sheet(cells, len(cells), width=_CELL * WORST, columns=WORST) if cells else None


def _pictures(
    others: Path | None, lungs: Path | None, drawings: int, progress: Progress
) -> Iterator[tuple[str, str, str, Frames, Shares]]:
    """Kind, origin, name, frames and shares in colour of each picture."""
    if others is not None:
        listed = [(row["kind"], row["file"]) for row in _listed(others, "kind")]
        yield from _read(others, listed, progress)
    if lungs is not None:
        kinds = {"convex": _LUNGS, "linear": _LINEAR}
        probes = [(row["probe"], row["file"]) for row in _listed(lungs, "probe")]
        known = [(kinds[probe], file) for probe, file in probes if probe in kinds]
        yield from _read(lungs, known, progress)
    for kind in _DRAWN if drawings else ():
        for number in range(drawings):
            yield kind, "drawn", f"{kind} {number}", _drawn(kind, number), np.zeros(1)
            progress(f"Drawing {kind}", number + 1, drawings)


def _listed(folder: Path, column: str) -> list[dict[str, str]]:
    try:
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
            missing = [name for name in ("file", column) if any(name not in row for row in found)]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{folder}/manifest.csv cannot be read: {error}") from error
    if missing or not found:
        raise DatasetError(f"{folder}/manifest.csv must list each file and its {column}.")
    return found


def _read(
    folder: Path, listed: Iterable[tuple[str, str]], progress: Progress
) -> Iterator[tuple[str, str, str, Frames, Shares]]:
    files = list(listed)
    for done, (kind, name) in enumerate(files, start=1):
        try:
            recording = Recording.open(folder / name)
            square = recording.proposed_square()
            pixels = [frame.pixels for frame in recording.frames(square)]
        except (MediaError, OSError) as error:
            raise DatasetError(f"{folder / name}: {error}") from error
        frames = np.stack([to_input(each) for each in pixels])
        yield kind, "real", name, frames, np.array([coloured_share(each) for each in pixels])
        progress(f"Reading {folder.name}", done, len(files))


def _drawn(kind: str, number: int) -> Frames:
    """One drawing as a recording of one frame."""
    rng = np.random.default_rng([_SEED, _DRAWN.index(kind), number])
    if kind in (_LUNGS, _LINEAR):
        probe = ProbeKind.CONVEX if kind == _LUNGS else ProbeKind.LINEAR
        machine = random_machine(rng, probe)
        picture = draw(random_scene(rng), machine, rng, FRAME_SIDE).picture
    else:
        picture = draw_other(OtherKind(kind), random_machine(rng), rng, FRAME_SIDE).picture
    return np.stack([picture] * 3, axis=-1)[None].astype(np.uint8)


def _captioned(each: Shown) -> Picture:
    cell = np.array(each.picture)
    cell[-_CAPTION:] = 0
    text = f"{each.kind}, {each.origin}: lung {each.lung:.2f}"
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(cell, text, (4, FRAME_SIDE - 7), font, 0.38, (255, 255, 255), 1, cv2.LINE_AA)
    return cell
