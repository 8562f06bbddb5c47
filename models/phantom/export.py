"""Writes drawings to a folder: pictures, clips, a contact sheet, and their truth as JSON."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from models.contract import SIGN_MAPS, SIGNS, Square
from models.media.reencode import png, write_square
from models.media.sampling import Recording
from models.phantom.clip import ClipDrawing, draw_clip, random_motion
from models.phantom.draw import SIZE, Drawing, draw
from models.phantom.machine import random_machine
from models.phantom.others import OtherKind, draw_other
from models.phantom.scene import random_scene
from models.phantom.sheet import sheet

TRUTH = "truth.json"
SHEET = "sheet.png"
OTHERS_SHEET = "others.png"

_WARM_UP = 60
"""Drawings after which the whole stock of speckle has very probably been made."""

Progress = Callable[[int, int], None]
"""Called with how many drawings are done, of how many."""


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one drawing: `number` of the run with this `seed`."""
    return np.random.default_rng((seed, number))


def write_pictures(
    folder: Path, count: int, seed: int, size: int, progress: Progress
) -> list[Path]:
    """Write `count` pictures of lungs, their contact sheet, and `truth.json`.

    Args:
        folder: made if it is missing; files of the same names are replaced.
        count: number of pictures, at least 1.
        seed: the same seed gives the same files.
        size: side of a picture in pixels.
        progress: called after each picture.
    """
    drawings, truths = [], []
    for number in range(count):
        rng = generator(seed, number)
        scene, machine = random_scene(rng), random_machine(rng)
        drawing = draw(scene, machine, rng, size)
        name = f"lung_{number:04}.png"
        _write_png(folder / name, drawing)
        truths.append(
            {"file": name} | truth(drawing) | {"scene": asdict(scene), "machine": asdict(machine)}
        )
        drawings.append(drawing)
        progress(number + 1, count)
    (folder / SHEET).write_bytes(png(sheet(drawings)))
    return [folder / SHEET, _write_truth(folder, seed, truths)]


def write_clips(
    folder: Path,
    count: int,
    frames: int,
    seed: int,
    size: int,
    progress: Progress,
    *,
    mp4: bool = False,
) -> list[Path]:
    """Write `count` clips of lungs, a sheet of their first frames, and `truth.json`.

    Clips are GIF, which keeps all greys, or with `mp4` H.264, encoded as recordings of the dataset.
    """
    firsts, truths = [], []
    for number in range(count):
        rng = generator(seed, number)
        scene, machine = random_scene(rng), random_machine(rng)
        motion = random_motion(rng, frames)
        clip = draw_clip(scene, machine, motion, rng, size)
        name = f"lung_{number:04}.gif"
        _write_gif(folder / name, clip, motion.rate_hz)
        if mp4:
            name = _to_mp4(folder / name, size)
        shown = zip(clip.times_s, clip.slide_cm, clip.frames, strict=True)
        each = [{"time_s": t, "slide_cm": slide} | truth(drawing) for t, slide, drawing in shown]
        truths.append(
            {"file": name, "frames": each, "motion": asdict(motion)}
            | {"scene": asdict(scene), "machine": asdict(machine)}
        )
        firsts.append(clip.frames[0])
        progress(number + 1, count)
    (folder / SHEET).write_bytes(png(sheet(firsts)))
    return [folder / SHEET, _write_truth(folder, seed, truths)]


def write_others(folder: Path, count: int, seed: int, size: int) -> list[Path]:
    """Write `count` pictures that are no lung, kind by kind, and their contact sheet."""
    kinds = [list(OtherKind)[number % len(OtherKind)] for number in range(count)]
    drawings = []
    for number, kind in enumerate(kinds):
        rng = generator(seed, number)
        drawings.append(draw_other(kind, random_machine(rng), rng, size))
        _write_png(folder / f"other_{number:04}_{kind}.png", drawings[-1])
    (folder / OTHERS_SHEET).write_bytes(png(sheet(drawings, kinds)))
    return [folder / OTHERS_SHEET]


def truth(drawing: Drawing) -> dict[str, Any]:
    """A drawing's truth as plain JSON values."""
    maps = np.round(drawing.maps, 3).tolist()
    return {
        "signs": {key: bool(on) for key, on in zip(SIGNS, drawing.signs, strict=True)},
        "extent": dict(zip(SIGN_MAPS, np.round(drawing.extent, 4).tolist(), strict=True)),
        "maps": dict(zip(SIGN_MAPS, maps, strict=True)),
    }


def drawings_per_second(count: int, seed: int = 0, size: int = SIZE) -> float:
    """Draw `count` pictures in one thread; how many it makes in a second of processor time."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    for _ in range(_WARM_UP):
        draw(random_scene(rng), random_machine(rng), rng, size)
    start = time.process_time()
    for _ in range(count):
        draw(random_scene(rng), random_machine(rng), rng, size)
    elapsed = time.process_time() - start
    cv2.setNumThreads(threads)
    return count / elapsed


def _write_png(path: Path, drawing: Drawing) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(np.dstack([drawing.picture] * 3)))


def _write_gif(path: Path, clip: ClipDrawing, rate_hz: float) -> None:
    """Write a clip; GIF keeps all greys and times in hundredths of a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = (Image.fromarray(drawing.picture) for drawing in clip.frames)
    first.save(
        path,
        save_all=True,
        append_images=rest,
        duration=round(1000 / rate_hz),
        loop=0,
        optimize=False,
    )


def _to_mp4(path: Path, size: int) -> str:
    """Replace a GIF by the same clip in MP4, and return its name."""
    target = path.with_suffix(".mp4")
    write_square(Recording.open(path), Square(0, 0, size), target)
    path.unlink()
    return target.name


def _write_truth(folder: Path, seed: int, drawings: list[dict[str, Any]]) -> Path:
    path = folder / TRUTH
    path.write_text(json.dumps({"seed": seed, "drawings": drawings}) + "\n")
    return path
