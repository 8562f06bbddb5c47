"""Held-out scores of each cross-validation, stored in the artifact with its training recordings.

Recordings are recognised by the hash of their file, that of the original file, and their
fingerprint, so that a renamed or re-encoded copy or a part of a clip is recognised; a copy cropped
to a much smaller square only if its original is known. See `models.data.identity`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.atomic_files import atomic_replace
from models.contract import CLASSES, Manifest
from models.data.extraction import FRAMES, Facts, FrameCache, Progress
from models.data.identity import Identity, RecordingMatcher, identity
from models.data.index import Entry, read_index
from models.inference import artifact
from models.inference.engine import Engine, Precision
from models.inference.screen import BATCH

Array = npt.NDArray[Any]

PRECISION: Precision = "f32"
"""Precision of held-out predictions, reproducible on every processor; a service may use less."""


class HeldOutError(Exception):
    """An artifact whose manifest lacks a valid list of its training recordings."""


@dataclass(frozen=True, slots=True)
class TrainedRecording:
    """One recording an artifact was trained on, as listed in its manifest.

    `frames` counts the sampled frames; `folds` holds, for each kind of cross-validation, the
    recording's test fold. `original` is the SHA-256 of the original file, if known. Each of
    `fingerprints` holds the space-separated hashes of the recording or of its original; older
    artifacts have none.
    """

    sha256: str
    key: str
    label: str
    kind: str
    patient: str
    source: str
    frames: int
    folds: Mapping[str, int]
    original: str = ""
    fingerprints: Sequence[str] = ()

    @property
    def identity(self) -> Identity:
        """The hashes and fingerprints that identify it."""
        return Identity(
            frozenset(hash_ for hash_ in (self.sha256, self.original) if hash_),
            tuple(tuple(fingerprint.split()) for fingerprint in self.fingerprints),
        )


def recordings_for_manifest(
    entries: Sequence[Entry],
    frames: Sequence[int],
    splits: Mapping[Any, Sequence[int]],
    facts: Mapping[str, Facts],
) -> dict[str, dict[str, Any]]:
    """The manifest's `data.recordings`: by SHA-256, in the order of the stored scores.

    Args:
        entries: the training recordings.
        frames: number of sampled frames of each.
        splits: for each kind of cross-validation, the test fold of each recording.
        facts: by SHA-256, with the fingerprint of each recording.
    """
    return {
        entry.sha256: {
            "key": entry.key,
            "label": entry.label,
            "kind": entry.kind,
            "patient": entry.patient,
            "source": entry.source,
            "frames": int(count),
            "folds": {group: int(folds[n]) for group, folds in splits.items()},
            "original": entry.original.sha256,
            "fingerprints": fingerprints_of(entry, facts.get(entry.sha256)),
        }
        for n, (entry, count) in enumerate(zip(entries, frames, strict=True))
    }


def fingerprints_of(entry: Entry, facts: Facts | None) -> list[str]:
    """A recording's fingerprints as the manifest lists them."""
    return [" ".join(fingerprint) for fingerprint in identity(entry, facts).fingerprints]


def trained_recordings(manifest: Manifest) -> tuple[TrainedRecording, ...]:
    """The recordings of `recordings_for_manifest`, in its order.

    Raises:
        HeldOutError: the manifest has no such list, or an invalid one.
    """
    recordings = manifest.data.get("recordings")
    if not isinstance(recordings, Mapping):
        raise HeldOutError(
            f"{manifest.version} does not list the recordings it was trained on, so nothing can be "
            "held out: train it again with this version."
        )
    try:
        return tuple(
            TrainedRecording(sha256=sha256, **values) for sha256, values in recordings.items()
        )
    except TypeError as error:
        raise HeldOutError(f"{manifest.version} has an invalid recording list: {error}") from error


class TrainingSet:
    """The recordings that an artifact was trained on, searchable by identity.

    Raises:
        HeldOutError: see `trained_recordings`.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.recordings = trained_recordings(manifest)
        self.group = manifest.group
        self._matcher = RecordingMatcher([recording.identity for recording in self.recordings])

    @property
    def fingerprints_complete(self) -> bool:
        """Whether all have fingerprints; if not, a re-encoded copy may go unrecognised."""
        return self._matcher.fingerprints_complete

    def matching(self, target: Identity) -> list[TrainedRecording]:
        """The training recordings that this one is identical to or a copy of."""
        return [self.recordings[place] for place in self._matcher.matches(target)]

    def folds_holding_out(self, target: Identity) -> set[int]:
        """The test folds of its copies in the training set; empty if there are none.

        With more than one, every model was trained on some copy of it.
        """
        return {recording.folds[self.group] for recording in self.matching(target)}


def add_fingerprints(folder: Path, data: Path, work: Path, progress: Progress) -> int:
    """Add the fingerprints of its training recordings to an older artifact's manifest.

    Args:
        folder: of the artifact.
        data: folder in the layout of the public dataset, with all training recordings.
        work: folder that keeps extracted frames.
        progress: called after each recording.

    Returns:
        The number of recordings.

    Raises:
        ArtifactError, DatasetError, HeldOutError: it cannot be read, or a recording is missing.
    """
    manifest = artifact.read_manifest(folder)
    entries = {entry.sha256: entry for entry in read_index(data).entries}
    wanted = trained_recordings(manifest)
    missing = [recording.key for recording in wanted if recording.sha256 not in entries]
    if missing:
        raise HeldOutError(
            f"{data} lacks {len(missing)} of the {len(wanted)} recordings that {manifest.version} "
            f"was trained on, {missing[0]} among them."
        )
    cache = FrameCache(work / FRAMES)
    failed = cache.fill([entries[recording.sha256] for recording in wanted], progress)
    for sha256, error in failed.items():
        raise HeldOutError(f"{entries[sha256].key}: {error.message}")
    for recording in wanted:
        manifest.data["recordings"][recording.sha256]["fingerprints"] = fingerprints_of(
            entries[recording.sha256], cache.facts(recording.sha256)
        )
    artifact.write_manifest(folder, manifest)
    return len(wanted)


def scores_by_recording(manifest: Manifest, scores: Mapping[str, Array]) -> dict[str, list[Array]]:
    """For each kind of cross-validation, softmax scores (frames, 3) of each listed recording.

    Args:
        manifest: of a loaded artifact.
        scores: of the same artifact: for each kind, (all frames, 3) in the order of the manifest.

    Raises:
        HeldOutError: the scores' shape does not match the manifest.
    """
    counts = [recording.frames for recording in trained_recordings(manifest)]
    expected = (sum(counts), len(CLASSES))
    found = {}
    for group, values in scores.items():
        if values.shape != expected:
            raise HeldOutError(
                f"{manifest.version}: expected scores of shape {expected} for the folds by "
                f"{group}, got {values.shape}."
            )
        found[group] = np.split(values, np.cumsum(counts)[:-1])
    return found


def predict_in_batches(
    scores_of: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    frames: npt.NDArray[np.uint8],
) -> npt.NDArray[np.float32]:
    """Every model's softmax scores (models, n, 3) for a recording's frames, in batches.

    Args:
        scores_of: the models in `PRECISION`, as `models.inference.predict.Predictor.scores`.
        frames: uint8 RGB (n, 224, 224, 3).
    """
    parts = [scores_of(frames[at : at + BATCH]) for at in range(0, len(frames), BATCH)]
    return np.concatenate(parts, axis=1)


def predict_held_out(
    prepare: Callable[[], Engine],
    frames: npt.NDArray[np.uint8],
    recordings: npt.NDArray[np.int64],
    folds: Sequence[int],
    path: Path,
    progress: Callable[[int, int], None],
) -> npt.NDArray[np.float32]:
    """Softmax scores (n, 3) of every frame by the model of its recording's test fold.

    Args:
        prepare: builds the engine, in `PRECISION`; not called if the scores are cached.
        frames: uint8 RGB (n, 224, 224, 3).
        recordings: (n,) index of each frame's recording.
        folds: for each recording, its test fold.
        path: file that caches the scores for a resumed run.
        progress: called with the number of frames done and in all.
    """
    if path.is_file():
        progress(len(frames), len(frames))
        return np.asarray(np.load(path), dtype=np.float32)
    engine = prepare()
    scores = np.zeros((len(frames), len(CLASSES)), dtype=np.float32)
    for number, fold in enumerate(folds):
        frame_indices = np.flatnonzero(recordings == number)
        scores[frame_indices] = predict_in_batches(
            lambda batch: engine.run(batch)[0], frames[frame_indices]
        )[fold]
        progress(int(frame_indices[-1]) + 1, len(frames))
    with atomic_replace(path) as scratch, scratch.open("wb") as file:
        np.save(file, scores)
    return scores
