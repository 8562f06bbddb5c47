"""A stock of drawings on disk, which processes fill while the network learns from it."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
import numpy.typing as npt


class Drawings(NamedTuple):
    """Pictures with their truth, one row each.

    `pictures` are uint8 grey (n, 112, 112). `maps`, uint8 (n, 14, 14, k), hold for each sign with a
    place how much of it is there, 0 to 255; `signs`, float32 (n, m), 0 to 1, what the whole picture
    shows.
    """

    pictures: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.uint8]
    signs: npt.NDArray[np.float32]


Draw = Callable[[np.random.Generator], Drawings]
"""Draws one picture: a batch of one. A function of a module, since other processes import it."""

_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of a stock.

    Attributes:
        each_round: drawings added in a round.
        kept: drawings that can be learnt from, the newest ones.
        spare: further rounds that are kept, so that a run that resumes from a checkpoint of that
            many rounds ago finds what it learnt from then.
        seed: drawing n is that of the seed (seed, n), whoever draws it.
    """

    each_round: int
    kept: int
    spare: int
    seed: int


class Stock:
    """The newest drawings, in files. One process reads it, others draw.

    Use it as a context manager: the processes end with the context.
    """

    def __init__(self, folder: Path, plan: Plan, draw: Draw, processes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._plan, self._draw = plan, draw
        self._size = plan.kept + (plan.spare + 1) * plan.each_round
        example = draw(np.random.default_rng([plan.seed, 0]))
        self._pictures = self._open(folder / "pictures.bin", example.pictures)
        self._maps = self._open(folder / "maps.bin", example.maps)
        self._signs = self._open(folder / "signs.bin", example.signs)
        # Not forked: the trainer has TensorFlow's threads.
        self._pool = ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
        )
        self._pending: list[tuple[list[int], Future[Drawings]]] = []
        self._rounds = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _open(self, path: Path, example: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array on disk for drawings like the example; zeros where there was none."""
        shape = (self._size, *example.shape[1:])
        is_there = path.is_file() and path.stat().st_size == math.prod(shape) * example.itemsize
        return np.memmap(path, example.dtype, "r+" if is_there else "w+", shape=shape)

    @property
    def drawn(self) -> int:
        """Drawings so far, those that are no longer kept included."""
        return self._rounds * self._plan.each_round

    def resume(self, rounds: int) -> None:
        """Go on after this many rounds; what the files lack of them is drawn again."""
        self._rounds = rounds
        first = max(0, self.drawn - self._plan.kept)
        self._begin(n for n in range(first, self.drawn) if not self._is_there(n))
        self._finish()

    def begin_round(self) -> None:
        """Have the next round drawn while the caller goes on."""
        self._begin(range(self.drawn, self.drawn + self._plan.each_round))

    def end_round(self) -> None:
        """Wait for the round that was begun, and keep it."""
        self._finish()
        self._rounds += 1

    def take(self, count: int, rng: np.random.Generator) -> Drawings:
        """This many of the kept drawings at random."""
        first = max(0, self.drawn - self._plan.kept)
        places = np.sort(rng.integers(first, self.drawn, count)) % self._size
        return Drawings(self._pictures[places], self._maps[places], self._signs[places])

    def _is_there(self, number: int) -> bool:
        return bool(self._pictures[number % self._size].any())

    def _begin(self, numbers: Iterable[int]) -> None:
        left = iter(numbers)
        while chunk := list(islice(left, _CHUNK)):
            future = self._pool.submit(draw_many, self._draw, self._plan.seed, chunk)
            self._pending.append((chunk, future))

    def _finish(self) -> None:
        for numbers, future in self._pending:
            places = [number % self._size for number in numbers]
            self._pictures[places], self._maps[places], self._signs[places] = future.result()
        self._pending = []


def draw_many(draw: Draw, seed: int, numbers: list[int]) -> Drawings:
    """The drawings of these numbers under a seed, in one batch."""
    return concatenated([draw(np.random.default_rng([seed, n])) for n in numbers])


def concatenated(batches: Sequence[Drawings]) -> Drawings:
    """These batches as one."""
    return Drawings(
        np.concatenate([batch.pictures for batch in batches]),
        np.concatenate([batch.maps for batch in batches]),
        np.concatenate([batch.signs for batch in batches]),
    )


def augmented(drawings: Drawings, rng: np.random.Generator) -> Drawings:
    """Flipped from side to side, half of the time, and each with another gamma, 0.55 to 1.8."""
    pictures, maps, signs = drawings
    if rng.random() < 0.5:
        pictures, maps = pictures[:, :, ::-1], maps[:, :, ::-1]
    gammas = np.exp(rng.uniform(-0.6, 0.6, len(pictures)))
    curves = (255 * (np.arange(256) / 255) ** gammas[:, None]).round().astype(np.uint8)
    shaded = curves[np.arange(len(pictures))[:, None, None], pictures]
    return Drawings(shaded, maps, signs)
