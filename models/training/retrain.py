"""One step of a training in a process of its own: `python -m models.training.retrain '{"do": …}'`.

The parent process stays free of TensorFlow, and the memory is released at exit. The request is one
JSON object; the output is JSON lines: `{"stage", "done", "total"}` for progress, and finally
`{"result": …}` or `{"error": a sentence for users}`. The process exits when its standard input is
closed, that is, when its parent ends.
"""

import fcntl
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from models.atomic_files import atomic_replace
from models.contract import CLASSES, SHIPPED, Manifest
from models.data.folds import group_names
from models.data.identity import identities
from models.data.index import DatasetError
from models.evaluation import held_out, metrics
from models.inference import artifact
from models.inference.artifact import ArtifactError
from models.inference.predict import Predictor
from models.networks import Array
from models.training import augment, trunk
from models.training.answer import shipped_signs
from models.training.fold_result import FoldResult
from models.training.train import Config, Plan, assemble, plan, train_fold
from models.training.trunk import TrunkError

REFUSED = 3
"""Exit status of a permanent error, which a retry would not resolve."""

KNOWN_BY = ("bytes", "original", "fingerprint")
"""How a training recording of an artifact is recognised; see `models.data.identity`."""

_PREDICT_BATCH = 24


@dataclass(frozen=True, slots=True)
class Request:
    """The step to run.

    Attributes:
        do: `fold` trains one fold; `finish` writes the artifact once all are trained.
        data: folder in the layout of the public dataset.
        work: folder for cached features and checkpoints.
        config: fields of `models.training.train.Config`; augmentation by its name in
            `models.training.augment`.
        trunk: source of the trunk, or empty for that of the shipped artifact.
        fold: index of the fold.
        results: folder of the folds' results.
        out: folder of the new artifact; its name is its version.
        licence: permitted use of the artifact.
        against: folder of the artifact to compare with.
    """

    do: Literal["fold", "finish"]
    data: Path
    work: Path
    results: Path
    config: dict[str, Any] = field(default_factory=dict)
    trunk: str = ""
    fold: int = 0
    out: Path | None = None
    licence: str = ""
    against: Path | None = None

    @classmethod
    def read(cls, text: str) -> "Request":
        """From JSON."""
        values = json.loads(text)
        for name in ("data", "work", "results", "out", "against"):
            if values.get(name):
                values[name] = Path(values[name])
        return cls(**values)

    def settings(self) -> dict[str, Any]:
        """`config`, with the augmentation looked up by its name."""
        name = self.config.get("augmentation")
        return self.config if name is None else self.config | {"augmentation": augment.NAMED[name]}


def main(arguments: Sequence[str]) -> int:
    """Run one request and print its result; see the module's docstring."""
    request = Request.read(arguments[0])
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        result = do(request)
    except (ArtifactError, DatasetError, TrunkError) as error:
        _emit(error=str(error))
        return REFUSED
    _emit(result=result)
    return 0


def do(request: Request) -> dict[str, Any]:
    """Run the request in this process and return its result.

    Raises:
        ArtifactError, DatasetError, TrunkError: a permanent error.
    """
    return _fold(request) if request.do == "fold" else _finish(request)


def result_path(folder: Path, fold: int) -> Path:
    """The file of a fold's result."""
    return folder / f"fold{fold}.safetensors"


def _fold(request: Request) -> dict[str, Any]:
    """Train one fold, save its result and return its metrics; skip folds without recordings."""
    prepared = _prepare(request)
    if request.fold >= prepared.folds("patient"):
        return {"frames": 0}
    found = train_fold(prepared, "patient", request.fold, _progress)
    request.results.mkdir(parents=True, exist_ok=True)
    found.save(result_path(request.results, request.fold))
    truth = prepared.frame_set.labels[found.frame_indices]
    return {
        "frames": len(truth),
        "frame_accuracy": round(float((found.scores.argmax(axis=1) == truth).mean()), 4),
        "loss": found.curve.to_dict()["loss"],
    }


def _finish(request: Request) -> dict[str, Any]:
    """Write the artifact, and compare it with the active one."""
    prepared = _prepare(request)
    if request.out is None:
        raise ArtifactError("No folder for the artifact was given.")
    results = [
        FoldResult.load(result_path(request.results, fold))
        for fold in range(prepared.folds("patient"))
    ]
    written = assemble(prepared, results, request.out, _progress, request.licence, shipped_signs())
    answer: dict[str, Any] = {"version": written.version}
    if request.against is not None:
        answer["comparison"] = compare(prepared, request.out, request.against)
    return answer


def compare(prepared: Plan, new: Path, against: Path) -> dict[str, Any]:
    """The metrics of a new artifact and of another one on the same recordings.

    With both, a recording is scored by the model that was not trained on it, on a copy of it, or on
    another recording of its patient (as far as the new release knows them); by the mean of all
    models if the other artifact was trained on none of these. `held_out` and `new_to_it` count
    these two cases; `left_out` counts recordings that every model of the other artifact was partly
    trained on, which are excluded for both.

    Without fingerprints of its training recordings, the other artifact may have seen any of them:
    then `may_have_seen` is true and both metrics are None, as they are if no recording is left.
    `known_by` lists how recordings were recognised.

    Args:
        prepared: the new artifact's run.
        new: folder of the new artifact.
        against: folder of the other one.

    Raises:
        ArtifactError: an artifact cannot be read.
    """
    predictor = Predictor.load(against)
    manifest, weights = artifact.load(new)
    answer: dict[str, Any] = {
        "recordings": 0,
        "frames": 0,
        "left_out": len(prepared.entries),
        "known_by": list(KNOWN_BY),
        "new": {"version": manifest.version, "metrics": None},
        "active": {
            "version": predictor.version,
            "metrics": None,
            "held_out": 0,
            "new_to_it": 0,
            "may_have_seen": True,
        },
    }
    held_out_folds = _held_out_folds(prepared, predictor.manifest)
    if held_out_folds is None:
        return answer
    answer["active"]["may_have_seen"] = False
    compared = [number for number, folds in enumerate(held_out_folds) if len(folds) <= 1]
    if not compared:
        return answer
    frame_set = prepared.frame_set
    scores = _all_scores(predictor, frame_set.frames)
    other_scores = scores.mean(axis=0)
    for number in compared:
        for fold in held_out_folds[number]:
            in_recordings = frame_set.recordings == number
            other_scores[in_recordings] = scores[fold][in_recordings]
    new_scores = held_out.scores_by_recording(manifest, weights.scores)[manifest.group]
    n_held_out = sum(1 for number in compared if held_out_folds[number])
    answer["recordings"] = len(compared)
    answer["frames"] = int(np.isin(frame_set.recordings, compared).sum())
    answer["left_out"] = len(held_out_folds) - len(compared)
    answer["new"]["metrics"] = _metrics_of(prepared, np.concatenate(new_scores), compared)
    answer["active"] |= {
        "metrics": _metrics_of(prepared, other_scores, compared),
        "held_out": n_held_out,
        "new_to_it": len(compared) - n_held_out,
    }
    return answer


def _held_out_folds(prepared: Plan, other: Manifest) -> list[set[int]] | None:
    """For each recording, the other artifact's folds that held out it, its copies or its patient.

    None if that cannot be determined.
    """
    try:
        trained = held_out.TrainingSet(other)
    except held_out.HeldOutError:
        return None
    if not trained.fingerprints_complete:
        return None
    found: dict[str, set[int]] = {}
    names = group_names(prepared.entries, "patient")
    for name, each in zip(names, identities(prepared.entries, prepared.facts), strict=True):
        found.setdefault(name, set()).update(trained.folds_holding_out(each))
    return [found[name] for name in names]


def _metrics_of(prepared: Plan, scores: Array, recordings: Sequence[int]) -> dict[str, Any]:
    """Metrics of some recordings; scores are (all frames, 3)."""
    frame_set = prepared.frame_set
    in_recordings = np.isin(frame_set.recordings, recordings)
    is_video = [entry.kind == "video" for entry in prepared.entries]
    return metrics.compute_metrics(
        metrics.HeldOutScores(
            scores[in_recordings],
            frame_set.labels[in_recordings],
            frame_set.recordings[in_recordings],
            is_video,
        )
    )


def _all_scores(predictor: Predictor, frames: Array) -> Array:
    parts = []
    for start in range(0, len(frames), _PREDICT_BATCH):
        parts.append(predictor.scores(frames[start : start + _PREDICT_BATCH]))
        _progress("Comparing", min(start + _PREDICT_BATCH, len(frames)), len(frames))
    empty = np.zeros((predictor.manifest.folds, 0, len(CLASSES)), dtype=np.float32)
    return np.concatenate([empty, *parts], axis=1)


def _prepare(request: Request) -> Plan:
    """The prepared run; a lock keeps two processes from computing the same features."""
    request.work.mkdir(parents=True, exist_ok=True)
    with _exclusive_lock(request.work / "lock"):
        source = request.trunk or str(_pinned_trunk(request.work / "trunk.safetensors"))
        config = Config(**{**request.settings(), "group": "patient", "report": ()})
        return plan(request.data, source, request.work, config, _progress)


def _pinned_trunk(path: Path) -> Path:
    """A copy of the shipped trunk, so that an upgrade during a training does not change it."""
    from safetensors.numpy import save_file

    if not path.is_file():
        with atomic_replace(path) as scratch:
            save_file(trunk.load(SHIPPED), scratch)
    return path


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _progress(stage: str, done: int, total: int) -> None:
    _emit(stage=stage, done=done, total=total)


def _emit(**line: Any) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  # the protocol of this process


def _exit_with_parent() -> None:
    # Not with sys.stdin, whose lock would block the interpreter's exit.
    while os.read(0, 4096):
        continue
    os._exit(1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
