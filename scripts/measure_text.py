"""Measure the search for burned-in text: recall on planted names, false alarms, cost.

    .venv/bin/python scripts/measure_text.py ../shared/dataset

Prints what docs/CONTRIBUTING_DATA.md says under "Names in the picture".
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from models.media.masking import is_inside
from models.media.sampling import Picture, Recording
from models.media.text.names import is_name_like
from models.media.text.reader import read_lines
from models.media.text.search import find_text
from models.phantom.draw import draw
from models.phantom.lettering import FACES, Face, size_of, write
from models.phantom.machine import random_machine
from models.phantom.scene import random_scene

NAMES = ("Erika Mustermann", "DOE^JOHN", "Name: Yilmaz, Ayse", "DOB 04/11/1956", "ID: 48215937")
_BORDER = 0.3
"""Of a picture's sides, added in black around it: the place outside the field."""

_FOUND = 0.9
"""Share of a name's box that boxes must cover, so that nobody can read what is left."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dataset", type=Path, help="the folder with pocus_images and pocus_videos")
    parser.add_argument("--pictures", type=int, default=12, help="real pictures for the recall")
    parser.add_argument("--only", choices=("names", "recordings"), help="half of it")
    options = parser.parse_args()
    paths = sorted(path for path in options.dataset.glob("pocus_*/*/*") if path.is_file())
    if not paths:
        sys.exit(f"There are no recordings in {options.dataset}.")
    if options.only != "recordings":
        _recall(dict(_backgrounds(paths, options.pictures)))
    if options.only != "names":
        _false_alarms(paths)


def _backgrounds(paths: list[Path], count: int) -> Iterator[tuple[str, list[Picture]]]:
    rng = np.random.default_rng(1)
    chosen = random.Random(1).sample(paths, count)  # no secret
    yield "real", [Recording.open(path).still() for path in chosen]
    drawn = [draw(random_scene(rng), random_machine(rng), rng).picture for _ in range(4)]
    yield "phantom", [np.repeat(picture[..., None], 3, axis=2) for picture in drawn]
    speckle = np.clip(rng.rayleigh(45, (480, 480)), 0, 255).astype(np.uint8)
    yield "speckle", [np.repeat(speckle[..., None], 3, axis=2)]


def _recall(backgrounds: dict[str, list[Picture]]) -> None:
    rng = random.Random(2)  # no secret
    print("face, size: found / planted inside the field; outside; named inside; named outside")
    total = {place: [0, 0, 0] for place in ("inside", "outside")}
    for face in FACES:
        line = [f"{face.name} {face.size:g}"]
        for place, sums in total.items():
            counts = [0, 0, 0]
            for pictures in backgrounds.values():
                for picture in pictures:
                    for n, value in enumerate(_planted(picture, face, place, rng)):
                        counts[n] += value
            line.append(f"{place} {counts[0]}/{counts[2]}, name-like {counts[1]}/{counts[2]}")
            total[place] = [a + b for a, b in zip(sums, counts, strict=True)]
        print("; ".join(line), flush=True)
    for place, (found, named, planted) in total.items():
        print(
            f"all {place}: found {found}/{planted} ({found / planted:.3f}), "
            f"name-like {named}/{planted} ({named / planted:.3f})"
        )


def _planted(picture: Picture, face: Face, place: str, rng: random.Random) -> tuple[int, int, int]:
    """Whether one name was found, whether it was taken for a name, and whether it was planted."""
    height, width = picture.shape[:2]
    text = rng.choice(NAMES)
    wide, high = size_of(text, face)
    if wide > width or high > height:
        return 0, 0, 0
    top = round(height * _BORDER)
    canvas = np.pad(picture, ((top, 0), (0, 0), (0, 0)))
    begin, end = (top, top + height - high) if place == "inside" else (0, top - high)
    written, truth = write(
        canvas, text, face, rng.randint(0, width - wide), rng.randint(begin, max(begin, end))
    )
    lines = read_lines(written)
    margin = [_wider(line.x, line.y, line.width, line.height) for line in lines]
    found = truth.share_in(margin) >= _FOUND
    near = [
        line
        for line, box in zip(lines, margin, strict=True)
        if truth.share_in([box]) > 0 and is_name_like(line.text)
    ]
    return int(found), int(found and bool(near)), 1


def _wider(x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
    margin = max(2, round(0.2 * min(width, height)))
    return x - margin, y - margin, width + 2 * margin, height + 2 * margin


def _false_alarms(paths: list[Path]) -> None:
    with_text = inside = named = 0
    wall_ms: list[float] = []
    cpu_ms: list[float] = []
    for path in paths:
        recording = Recording.open(path)
        square = recording.probe().square
        began, began_cpu = time.perf_counter(), _cpu_s()
        boxes = find_text(recording)
        wall_ms.append(1000 * (time.perf_counter() - began))
        cpu_ms.append(1000 * (_cpu_s() - began_cpu))
        within = [box for box in boxes if is_inside(box, square)]
        asked = [box for box in within if box.name_like]
        with_text += bool(boxes)
        inside += bool(within)
        named += bool(asked)
        if boxes:
            print(
                f"  {path.name}: {len(boxes)} boxes, {len(within)} inside, {len(asked)} to decide"
            )
    print(
        f"{len(paths)} recordings: text in {with_text}, inside the square in {inside}, "
        f"a person would be asked about {named}"
    )
    print(
        f"cost: median {median(wall_ms):.0f} ms, longest {max(wall_ms):.0f} ms; "
        f"of processor time median {median(cpu_ms):.0f} ms, longest {max(cpu_ms):.0f} ms"
    )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
