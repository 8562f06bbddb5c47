"""A cache of every recording's sampled frames, decoded once, in parallel, keyed by content hash."""

import hashlib
import json
import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from models.atomic_files import atomic_replace
from models.contract import Square
from models.data import fingerprint
from models.data.index import DatasetError, Entry
from models.media import clips, depth, formats, limits, sampling, sources, square, stills
from models.media.sampling import MediaError, Probe

Progress = Callable[[int, int], None]
"""Called with recordings done and recordings in all."""

FRAMES = "frames"
"""Name of the cache's folder in a working folder, and of the array in its files."""

_RECORDINGS_PER_PROCESS = 8
"""Starting a process takes a second of a processor, as long as reading some recordings."""

_FACTS = "facts"
_SOURCE_MODULES = (formats, limits, depth, stills, clips, sources, square, sampling, fingerprint)
_LIBRARY_NAMES = ("av", "pillow", "opencv-python-headless", "imagehash")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a recording without its pixels: its probe and its fingerprint."""

    probe: Probe
    fingerprints: tuple[str, ...]

    @property
    def frame_rate_hz(self) -> float | None:
        """Measured mean frame rate in Hz; None for a still."""
        seconds = self.probe.duration_s
        return self.probe.frames / seconds if seconds else None


class FrameCache:
    """A folder of extracted frames, specific to the version of our code and of the decoders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / _cache_version()

    def fill(
        self, entries: Iterable[Entry], progress: Progress, workers: int | None = None
    ) -> dict[str, MediaError]:
        """Extract recordings that are not cached yet; a killed run can be resumed.

        Args:
            entries: recordings; the same content is extracted once.
            progress: called after each recording.
            workers: number of processes; by default one for every eight recordings, at most one for
                each processor. With one, this process reads them itself.

        Returns:
            By SHA-256, the error of each recording that could not be read.

        Raises:
            DatasetError: a process was killed, for example for lack of memory.
        """
        paths = {entry.sha256: entry.path for entry in entries}
        uncached = {name: path for name, path in paths.items() if not self._is_cached(name)}
        done = len(paths) - len(uncached)
        progress(done, len(paths))
        failed: dict[str, MediaError] = {}
        if workers is None:
            workers = min(len(os.sched_getaffinity(0)), len(uncached) // _RECORDINGS_PER_PROCESS)
        for sha256, error in self._extract_missing(uncached, workers):
            if error:
                failed[sha256] = MediaError(*error)
            done += 1
            progress(done, len(paths))
        return failed

    def frames(self, sha256: str) -> npt.NDArray[np.uint8]:
        """The sampled frames, cropped to the proposed square: uint8 RGB (n, 224, 224, 3)."""
        return load_file(self._path(sha256))[FRAMES]

    def facts(self, sha256: str) -> Facts:
        """The probe and the fingerprint of a cached recording."""
        with safe_open(self._path(sha256), framework="np") as file:
            values = json.loads(file.metadata()[_FACTS])
        probe = values["probe"]
        probe["square"] = Square(**probe["square"])
        probe["notes"] = tuple(probe.get("notes", ()))
        return Facts(Probe(**probe), tuple(values["fingerprints"]))

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.safetensors"

    def _is_cached(self, sha256: str) -> bool:
        try:
            self.facts(sha256)
        except (OSError, SafetensorError):
            return False
        return True

    def _extract_missing(
        self, uncached: dict[str, Path], workers: int
    ) -> Iterable[tuple[str, tuple[str, str] | None]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        if min(workers, len(uncached)) <= 1:
            for sha256, path in uncached.items():
                yield sha256, extract(path, self._path(sha256))
            return
        # Spawned: a fork would inherit the threads of whatever is loaded here, in any state.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(workers, len(uncached)), mp_context=context) as pool:
            running: dict[Future[tuple[str, str] | None], str] = {
                pool.submit(extract, path, self._path(sha256)): sha256
                for sha256, path in uncached.items()
            }
            for future in as_completed(running):
                try:
                    yield running[future], future.result()
                except BrokenProcessPool as error:
                    raise DatasetError(
                        "A process that reads recordings was killed, perhaps for lack of memory. "
                        "Start again: finished recordings are kept."
                    ) from error


def extract(path: Path, target: Path) -> tuple[str, str] | None:
    """Decode one recording into a file, atomically.

    Returns:
        None, or code and message of the `MediaError`, which does not survive pickling.
    """
    try:
        probe = sampling.probe(path)
        frames = sampling.read_inputs(path)
    except MediaError as error:
        return error.code, error.message
    hashed_frames = frames[:: math.ceil(len(frames) / fingerprint.MAX_HASHES)]
    facts = {"probe": asdict(probe), "fingerprints": fingerprint.fingerprints(hashed_frames)}
    with atomic_replace(target) as scratch:
        save_file({FRAMES: frames}, scratch, metadata={_FACTS: json.dumps(facts)})
    return None


def read_all(
    entries: Sequence[Entry], cache: FrameCache, progress: Progress
) -> list[npt.NDArray[np.uint8]]:
    """The frames of every recording, in order: each (n, 224, 224, 3) uint8 RGB.

    Raises:
        DatasetError: a recording cannot be read, with its key and the reason.
    """
    failed = cache.fill(entries, progress)
    for entry in entries:
        if error := failed.get(entry.sha256):
            raise DatasetError(f"{entry.key}: {error.message}")
    return [cache.frames(entry.sha256) for entry in entries]


def _cache_version() -> str:
    """A folder name that changes with the code and the libraries that extract frames."""
    digest = hashlib.sha256()
    for module in _SOURCE_MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
    for name in _LIBRARY_NAMES:
        digest.update(f"{name} {version(name)}".encode())
    return digest.hexdigest()[:12]
