"""A training in pieces, each a process of its own: `python -m models.training.retrain '{"do": …}'`.

Whoever starts it stays free of TensorFlow, and memory that was used is given back. It is told what
to do in one JSON object and answers on standard output in lines of JSON: `{"stage", "done",
"total"}` while it works, and at its end `{"result": …}` or `{"error": a sentence for people}`.
It ends when its standard input does: with whoever started it.
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
from models.training.fold_result import FoldResult
from models.training.train import Config, Plan, assemble, plan, train_fold
from models.training.trunk import TrunkError

REFUSED = 3
"""Exit status of what cannot be done, whoever tries it how often."""

KNOWN_BY = ("bytes", "original", "fingerprint")
"""What tells that a recording is one an artifact was trained on; see `models.data.identity`."""

_PREDICT_BATCH = 24


@dataclass(frozen=True, slots=True)
class Request:
    """What to do.

    Attributes:
        do: train one `fold`, or `finish` with all of them trained.
        data: folder in the layout of the public dataset.
        work: folder for what is computed once and for checkpoints.
        config: fields of `models.training.train.Config`; augmentation by its name in
            `models.training.augment`.
        trunk: frozen layers, or empty for those of the shipped artifact.
        fold: which one.
        results: folder of the folds' results.
        out: folder of the new artifact; its name is its version.
        licence: what the artifact may be used for.
        against: folder of the artifact that it is compared with.
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
        """`config` with the augmentation that its name stands for."""
        name = self.config.get("augmentation")
        return self.config if name is None else self.config | {"augmentation": augment.NAMED[name]}


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for; see the module's first lines."""
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
    """Do it here, and return what there is to say at its end.

    Raises:
        ArtifactError, DatasetError, TrunkError: it cannot be done.
    """
    return _fold(request) if request.do == "fold" else _finish(request)


def result_path(folder: Path, fold: int) -> Path:
    """Where a fold's result lies."""
    return folder / f"fold{fold}.safetensors"


def _fold(request: Request) -> dict[str, Any]:
    """Train one fold and leave its result; its figures. One that tests nothing needs no model."""
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
    """Write the artifact, and set it beside the one that answers until now."""
    prepared = _prepare(request)
    if request.out is None:
        raise ArtifactError("No folder for the artifact was given.")
    results = [
        FoldResult.load(result_path(request.results, fold))
        for fold in range(prepared.folds("patient"))
    ]
    written = assemble(prepared, results, request.out, _progress, request.licence)
    answer: dict[str, Any] = {"version": written.version}
    if request.against is not None:
        answer["comparison"] = compare(prepared, request.out, request.against)
    return answer


def compare(prepared: Plan, new: Path, against: Path) -> dict[str, Any]:
    """The figures of a new artifact and of another one on the same recordings.

    Of both, a recording is answered by the fold's model that never saw it, nor a copy of it, nor
    another recording of its patient as far as the new release knows them; by the mean of all
    models where the other artifact was trained without any of these. `n_held_out` and `new_to_it`
    count recordings of the two kinds; `left_out` those that every model of the other artifact has
    seen in part, which are measured of neither.

    An artifact that does not tell what its recordings look like may have seen any of them:
    `may_have_seen` says so, and there are no figures of either (None), nor where nothing is left to
    compare. `known_by` names what recordings were recognised by.

    Args:
        planned: of the new artifact's run.
        new: its folder.
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

    None where that cannot be known.
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
    """Of some recordings; scores are (all frames, 3)."""
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
    """Everything in place; two processes never compute the same features at the same time."""
    request.work.mkdir(parents=True, exist_ok=True)
    with _exclusive_lock(request.work / "lock"):
        source = request.trunk or str(_pinned_trunk(request.work / "trunk.safetensors"))
        config = Config(**{**request.settings(), "group": "patient", "report": ()})
        return plan(request.data, source, request.work, config, _progress)


def _pinned_trunk(path: Path) -> Path:
    """What ships, kept: an upgrade amid a training must not put another trunk under its folds."""
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
    print(json.dumps(line), flush=True)  # noqa: T201  # that is how it answers


def _exit_with_parent() -> None:
    # Not by sys.stdin, whose lock Python wants back at its own end.
    while os.read(0, 4096):
        continue
    os._exit(1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
