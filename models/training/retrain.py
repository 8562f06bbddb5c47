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

from models.contract import CLASSES, SHIPPED, Manifest
from models.data.folds import group_names
from models.data.index import DatasetError
from models.data.recognition import identities
from models.evaluation import evaluate, heldout
from models.inference import artifact
from models.inference.artifact import ArtifactError
from models.inference.predict import Predictor
from models.networks import Array
from models.training import augment, trunk
from models.training.result import FoldResult
from models.training.train import Config, Plan, assemble, plan, train_fold
from models.training.trunk import TrunkError
from models.whole_files import replacing

REFUSED = 3
"""Exit status of what cannot be done, whoever tries it how often."""

KNOWN_BY = ("bytes", "original", "fingerprint")
"""What tells that a recording is one an artifact was trained on; see `models.data.recognition`."""

_ANSWERED_AT_ONCE = 24


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
        answer["comparison"] = compare(planned, request.out, request.against)
    return answer


def compare(planned: Plan, new: Path, against: Path) -> dict[str, Any]:
    """The figures of a new artifact and of another one on the same recordings.

    Of both, a recording is answered by the fold's model that never saw it, nor a copy of it, nor
    another recording of its patient as far as the new release knows them; by the mean of all
    models where the other artifact was trained without any of these. `held_out` and `new_to_it`
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
        "left_out": len(planned.entries),
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
    homes = _homes(planned, predictor.manifest)
    if homes is None:
        return answer
    answer["active"]["may_have_seen"] = False
    compared = [number for number, folds in enumerate(homes) if len(folds) <= 1]
    if not compared:
        return answer
    material = planned.material
    scores = _all_scores(predictor, material.frames)
    theirs = scores.mean(axis=0)
    for number in compared:
        for fold in homes[number]:
            mine = material.recordings == number
            theirs[mine] = scores[fold][mine]
    ours = heldout.stored(manifest, weights.scores)[manifest.group]
    held_out = sum(1 for number in compared if homes[number])
    answer["recordings"] = len(compared)
    answer["frames"] = int(np.isin(material.recordings, compared).sum())
    answer["left_out"] = len(homes) - len(compared)
    answer["new"]["metrics"] = _figures(planned, np.concatenate(ours), compared)
    answer["active"] |= {
        "metrics": _figures(planned, theirs, compared),
        "held_out": held_out,
        "new_to_it": len(compared) - held_out,
    }
    return answer


def _homes(planned: Plan, other: Manifest) -> list[set[int]] | None:
    """For each recording, the other artifact's folds that held out it, its copies or its patient.

    None where that cannot be known.
    """
    try:
        trained = heldout.TrainingSet(other)
    except heldout.HeldOutError:
        return None
    if not trained.complete:
        return None
    found: dict[str, set[int]] = {}
    names = group_names(planned.entries, "patient")
    for name, each in zip(names, identities(planned.entries, planned.facts), strict=True):
        found.setdefault(name, set()).update(trained.held_out_by(each))
    return [found[name] for name in names]


def _figures(planned: Plan, scores: Array, recordings: Sequence[int]) -> dict[str, Any]:
    """Of some recordings; scores are (all frames, 3)."""
    material = planned.material
    mine = np.isin(material.recordings, recordings)
    is_video = [entry.kind == "video" for entry in planned.entries]
    return evaluate.figures(
        evaluate.Tested(scores[mine], material.labels[mine], material.recordings[mine], is_video)
    )


def _all_scores(predictor: Predictor, frames: Array) -> Array:
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
