"""A training in pieces, each a process of its own: `python -m models.retrain '{"do": …}'`.

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

from models import augment, evaluate, heldout, trunk
from models.artifact import ArtifactError
from models.contract import CLASSES, SHIPPED
from models.dataset import DatasetError
from models.networks import Array
from models.predict import Predictor
from models.result import FoldResult
from models.train import Config, Plan, assemble, plan, train_fold
from models.trunk import TrunkError
from models.whole_files import replacing

REFUSED = 3
"""Exit status of what cannot be done, whoever tries it how often."""

_ANSWERED_AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class Request:
    """What to do.

    Attributes:
        do: train one `fold`, or `finish` with all of them trained.
        data: folder in the layout of the public dataset.
        work: folder for what is computed once and for checkpoints.
        config: fields of `models.train.Config`; augmentation by its name in `models.augment`.
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
        said = json.loads(text)
        for name in ("data", "work", "results", "out", "against"):
            if said.get(name):
                said[name] = Path(said[name])
        return cls(**said)

    def settings(self) -> dict[str, Any]:
        """`config` with the augmentation that its name stands for."""
        name = self.config.get("augmentation")
        return self.config if name is None else self.config | {"augmentation": augment.NAMED[name]}


def main(arguments: Sequence[str]) -> int:
    """Do what is asked for; see the module's first lines."""
    request = Request.read(arguments[0])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        result = do(request)
    except (ArtifactError, DatasetError, TrunkError) as error:
        _say(error=str(error))
        return REFUSED
    _say(result=result)
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
    planned = _planned(request)
    if request.fold >= planned.folds("patient"):
        return {"frames": 0}
    found = train_fold(planned, "patient", request.fold, _progress)
    request.results.mkdir(parents=True, exist_ok=True)
    found.save(result_path(request.results, request.fold))
    truth = planned.material.labels[found.places]
    return {
        "frames": len(truth),
        "frame_accuracy": round(float((found.scores.argmax(axis=1) == truth).mean()), 4),
        "loss": found.curve.to_dict()["loss"],
    }


def _finish(request: Request) -> dict[str, Any]:
    """Write the artifact, and set it beside the one that answers until now."""
    planned = _planned(request)
    if request.out is None:
        raise ArtifactError("No folder for the artifact was given.")
    results = [
        FoldResult.load(result_path(request.results, fold))
        for fold in range(planned.folds("patient"))
    ]
    made = assemble(planned, results, request.out, _progress, request.licence)
    answer: dict[str, Any] = {"version": made.version}
    if request.against is not None:
        answer["comparison"] = compare(
            planned, made.version, made.metrics["patient"], request.against
        )
    return answer


def compare(planned: Plan, version: str, metrics: Any, against: Path) -> dict[str, Any]:
    """The figures of a new artifact and of another one on the same recordings.

    Of both, a recording is answered by the fold's model that never saw it; by the mean of all
    models where the other artifact was trained without it. `held_out` and `new_to_it` count
    recordings of the two kinds. An artifact that does not list what it was trained on may have
    seen any of them: `may_have_seen` says so.

    Raises:
        ArtifactError: the other artifact cannot be read.
    """
    predictor = Predictor.load(against)
    try:
        known = {each.sha256: each.folds for each in heldout.listed(predictor.manifest)}
        may_have_seen = False
    except heldout.HeldOutError:
        known, may_have_seen = {}, True
    group = predictor.manifest.group
    material, entries = planned.material, planned.entries
    scores = _all_scores(predictor, material.frames)
    chosen = scores.mean(axis=0)
    held_out = 0
    for number, entry in enumerate(entries):
        fold = known.get(entry.sha256, {}).get(group)
        if fold is not None:
            mine = material.recordings == number
            chosen[mine] = scores[fold][mine]
            held_out += 1
    is_video = [entry.kind == "video" for entry in entries]
    return {
        "recordings": len(entries),
        "frames": len(material.labels),
        "new": {"version": version, "metrics": metrics},
        "active": {
            "version": predictor.version,
            "metrics": evaluate.figures(
                evaluate.Tested(chosen, material.labels, material.recordings, is_video)
            ),
            "held_out": held_out,
            "new_to_it": len(entries) - held_out,
            "may_have_seen": may_have_seen,
        },
    }


def _all_scores(predictor: Predictor, frames: Array) -> Array:
    import numpy as np

    parts = []
    for start in range(0, len(frames), _ANSWERED_AT_ONCE):
        parts.append(predictor.scores(frames[start : start + _ANSWERED_AT_ONCE]))
        _progress("Comparing", min(start + _ANSWERED_AT_ONCE, len(frames)), len(frames))
    empty = np.zeros((predictor.manifest.folds, 0, len(CLASSES)), dtype=np.float32)
    return np.concatenate([empty, *parts], axis=1)


def _planned(request: Request) -> Plan:
    """Everything in place; two processes never compute the same features at the same time."""
    request.work.mkdir(parents=True, exist_ok=True)
    with _alone(request.work / "lock"):
        source = request.trunk or str(_own_trunk(request.work / "trunk.safetensors"))
        config = Config(**{**request.settings(), "group": "patient", "report": ()})
        return plan(request.data, source, request.work, config, _progress)


def _own_trunk(path: Path) -> Path:
    """What ships, kept: an upgrade amid a training must not put another trunk under its folds."""
    from safetensors.numpy import save_file

    if not path.is_file():
        with replacing(path) as scratch:
            save_file(trunk.load(SHIPPED), scratch)
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _progress(stage: str, done: int, total: int) -> None:
    _say(stage=stage, done=done, total=total)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  # that is how it answers


def _end_with_parent() -> None:
    # Not by sys.stdin, whose lock Python wants back at its own end.
    while os.read(0, 4096):
        continue
    os._exit(1)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(sys.argv[1:]))
