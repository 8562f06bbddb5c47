"""The training task: a fold, or the last stage, in a process of its own.

What is computed once for all folds stays in a folder of the training on this machine, and each
finished fold's result goes to the storage, so that any worker can go on from there. TensorFlow is
loaded only in the child process.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import DatabaseUnreachableError
from backend.jobs.celery import send
from backend.jobs.kinds import ASSEMBLY, FOLD
from backend.jobs.leases import Failure, LeaseLostError
from backend.jobs.names import TRAIN
from backend.releases import repository as releases
from backend.storage.base import MissingObjectError
from backend.storage.keys import artifact_folder, training_folder, training_key
from backend.storage.private_files import make_folder, private_folder
from backend.tables import Contribution, Training, TrainingFold
from backend.tables.vocabulary import JobState, Licence
from backend.trainings import repository
from backend.trainings.artifacts import repository as artifacts
from models import atomic_files
from models.contract import Manifest
from worker import child, process
from worker.maintenance.duties import ORPHANED_AFTER, delete_objects, duty, requeue
from worker.predictor import local_folder
from worker.runner import HELD, Done, Ended, Job, JobSpec, Outcome, run_job
from worker.task import reading, task

log = structlog.get_logger(__name__)

PROGRAM = "models.training.retrain"

FORGOTTEN_AFTER = timedelta(minutes=5)
"""A training of which nothing runs is announced again this often: its message may be lost."""

NOTED_EVERY_S = 1.0

INTERNAL = Failure("Something went wrong on our side. It was noted; please try again.")
WITHDRAWN = (
    "A recording of the release was withdrawn while the training ran. Please start it again: it "
    "then goes without it."
)
TOO_SLOW = Failure(
    "A part of the training exceeded its time limit (POCOVID_TRAINING_TIME_LIMIT_S)."
)

_TABLES = ("dataset_metadata.csv", "folds.csv")
_OPEN_LICENCES = (Licence.CC_BY, Licence.CC0)


@task(TRAIN)
def train(notified_for: str) -> None:
    """Do the next piece of whatever training waits: a fold, or the last stage."""
    tidy()
    _ = run_job(FOLD_SPEC, notified_for) or run_job(ASSEMBLY_SPEC, notified_for)


@duty("requeue-trainings")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; give up what cannot be done."""
    requeue_kind = partial(requeue, "requeue-trainings", notify_after=FORGOTTEN_AFTER)
    requeue_kind(FOLD, given_up=_fold_given_up)
    requeue_kind(ASSEMBLY, given_up=_assembly_given_up)


def _fold_given_up(session: Session, key: tuple[UUID, int]) -> None:
    fold = session.get_one(TrainingFold, key)
    repository.fail(session, fold.training_id, fold.error or "", utc_now())


def _assembly_given_up(session: Session, training_id: UUID) -> None:
    training = session.get_one(Training, training_id)
    repository.fail(session, training_id, training.error or "", utc_now())


@duty("sweep-trainings", hourly=True)
def sweep_trainings() -> int:
    """Delete what no training needs (see `sweep`)."""
    return sweep(utc_now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete stored files of trainings that have ended without them; how many objects went."""
    storage = process.current().storage
    with reading() as session:
        live = {str(training_id) for training_id in repository.under_way_ids(session)}
        kept = artifacts.folders(session)
    orphans = [
        stored.key
        for stored in storage.listing("trainings")
        if stored.modified_at < before and stored.key.split("/")[1] not in live
    ]
    if not live:  # else the last stage may be storing one
        orphans += [
            stored.key
            for stored in storage.listing("artifacts")
            if stored.modified_at < before and stored.key.rpartition("/")[0] not in kept
        ]
    return delete_objects("sweep-trainings", orphans)


class ProgressNotes:
    """Writes the child's progress into the row, at most once a second within a stage."""

    def __init__(self, job: Job[Any], *columns: str) -> None:
        self._job = job
        self._columns = columns
        self._stage, self._at = "", 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note a step, of which `done` of `total` are done."""
        is_new = stage and (stage != self._stage or done >= total)
        if not is_new and time.monotonic() - self._at < NOTED_EVERY_S:
            return
        self._stage, self._at = stage, time.monotonic()
        values = {"stage": stage[:60], "done": done, "total": total}
        try:
            self._job.progress(**{name: values[name] for name in self._columns})
        except LeaseLostError:
            self._job.lost.set()
        except DatabaseUnreachableError:
            log.exception("progress_not_noted")


Work = Callable[[Job[Any]], Done]


def _with_child(work: Work) -> Callable[[Job[Any]], Outcome]:
    """Work in a child process, whatever becomes of that."""

    def run(job: Job[Any]) -> Outcome:
        try:
            return work(job)
        except child.StoppedError as error:
            raise LeaseLostError from error
        except child.DiedError:
            log.exception("training_child_died")
            return HELD  # as a worker that is lost

    return run


def _train_fold(job: Job[TrainingFold]) -> Done:
    training, home = _training(job.row.training_id), _working_folder(job.row.training_id)
    fold = job.row.fold
    request = _request(training, home) | {"do": "fold", "fold": fold}
    report = ProgressNotes(job, "stage", "done", "total")
    result = child.run(PROGRAM, request, report, job.lost)
    found = home / "results" / f"fold{fold}.safetensors"
    if found.is_file():
        _store_copy(training_key(training.id, fold), found)
    log.info("fold_trained", **{k: result[k] for k in result if k != "loss"})
    return Done({"metrics": result})


def _assemble(job: Job[Training]) -> Done:
    training, home = _training(job.row.id), _working_folder(job.row.id)
    for fold in training.folds:
        if (fold.metrics or {}).get("frames"):
            key = training_key(training.id, fold.fold)
            _fetch(key, home / "results" / f"fold{fold.fold}.safetensors")
    version = f"pocovidnet-r{training.release_number}-{training.id.hex[:8]}"
    # an attempt that lost its lease may still be writing: each has a folder of its own
    out = home / "out" / str(job.lease.attempt) / version
    shutil.rmtree(out, ignore_errors=True)
    request = _request(training, home) | {
        "do": "finish",
        "out": str(out),
        "licence": _licence(training.release_number),
        "against": str(_active_folder()),
    }
    result = child.run(PROGRAM, request, ProgressNotes(job, "stage"), job.lost)
    folder = artifact_folder(version, job.lease.attempt)
    for path in sorted(out.iterdir()):
        _store_copy(f"{folder}/{path.name}", path)
    manifest = _manifest(out)

    def also(session: Session) -> None:
        artifacts.register(session, version, folder, manifest, utc_now())
        audit.record(
            session, None, "trainings.completed", "training", training.id, artifact=version
        )

    return Done(
        {
            "state": JobState.DONE,
            "stage": "",
            "artifact_version": version,
            "comparison": result.get("comparison"),
            "finished_at": utc_now(),
        },
        also,
    )


def _training(training_id: UUID) -> Training:
    with reading() as session:
        training = repository.get(session, training_id)
    assert training is not None, training_id  # noqa: S101  # trainings are never deleted
    return training


def _request(training: Training, home: Path) -> dict[str, Any]:
    """What both kinds of work need; the release's recordings are brought here first."""
    make_folder(home)
    with _exclusive_lock(home / "data.lock"):
        _fetch_material(training, home / "data")
    return {
        "data": str(home / "data"),
        "work": str(home / "work"),
        "results": str(home / "results"),
        "config": training.settings.model_dump(),
        "trunk": str(process.current().settings.training_trunk or ""),
    }


def _fetch_material(training: Training, folder: Path) -> None:
    """Copy a release's recordings and tables here, in the public layout.

    What was withdrawn before is left out, and what the training leaves out. All folds must see the
    same recordings: where one was withdrawn since, the training ends.
    """
    from models.data import index as dataset

    with reading() as session:
        release = releases.get(session, training.release_number)
        members = releases.items(session, training.release_number)
    assert release is not None, training.id  # noqa: S101  # releases are never deleted
    files = [file for file in release.files.files if file.path in _TABLES]
    originals: dict[str, dataset.Original] = {}
    for item in members:
        contribution = item.contribution
        if str(contribution.id) in training.left_out:
            continue
        if not releases.is_removed(contribution):
            if item.files is not None:
                recording = item.files.recording
                files.append(recording)
                originals[recording.path] = dataset.Original(
                    contribution.sha256, tuple(contribution.fingerprints)
                )
        elif _left_at(item.contribution) > training.created_at:
            raise child.RefusedError(WITHDRAWN)
    for file in files:
        _fetch(file.key, folder / file.path)
    dataset.write_originals(folder, originals)


def _left_at(contribution: Contribution) -> datetime:
    return contribution.withdrawn_at or contribution.decided_at or utc_now()


def _fetch(key: str, target: Path) -> None:
    """Bring one stored file here, whole or not at all, where it is not here yet."""
    if target.is_file():
        return
    make_folder(target.parent)
    with (
        atomic_files.atomic_replace(target) as scratch,
        closing(process.current().storage.open(key)) as source,
        scratch.open("wb") as file,
    ):
        shutil.copyfileobj(source, file)


def _store_copy(key: str, path: Path) -> None:
    """Store a file under `key`, and keep it here too."""
    this_process = process.current()
    with private_folder(this_process.settings.incoming_dir) as folder:
        this_process.storage.put(key, Path(shutil.copyfile(path, folder / path.name)))


def _active_folder() -> Path:
    """The artifact that answers now, on this machine."""
    from models.inference import artifact

    with reading() as session:
        active = artifacts.active(session)
    if active is None:
        return artifact.active()
    return local_folder(active.folder)


def _licence(number: int) -> str:
    with reading() as session:
        release = releases.get(session, number)
    assert release is not None, number  # noqa: S101  # releases are never deleted
    assert release.summary is not None, number  # noqa: S101  # only what is done is trained on
    licences = release.summary.licences
    use = "" if set(licences) <= set(_OPEN_LICENCES) else " and non-commercial"
    return (
        f"Trained on release {number} of the dataset ({', '.join(licences)}): "
        f"for research{use} use only."
    )


def _manifest(folder: Path) -> Manifest:
    from models.inference import artifact

    return artifact.read_manifest(folder)


@contextmanager
def _exclusive_lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _working_folder(training_id: UUID) -> Path:
    """The training's folder on this machine."""
    return process.current().settings.data_dir / "trainings" / str(training_id)


def tidy() -> None:
    """Remove this machine's folders of trainings that have ended: copies of recordings are there.

    At each message, at a training's end, and by every worker now and then (`own_folder`), so that
    what is withdrawn afterwards stays nowhere.
    """
    homes: list[Path] = []
    with suppress(FileNotFoundError):
        homes = list((process.current().settings.data_dir / "trainings").iterdir())
    if not homes:
        return
    with reading() as session:  # after the folders: one that begins now is not among them
        live = {str(training_id) for training_id in repository.under_way_ids(session)}
    for home in homes:
        if home.name not in live:
            shutil.rmtree(home, ignore_errors=True)


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, child.RefusedError):
        return Failure(str(error))
    if isinstance(error, SoftTimeLimitExceeded):
        return TOO_SLOW
    if isinstance(error, MissingObjectError):
        return Failure(f"A stored file that the training needs is missing ({error}).")
    return None


def _failed(training_id: UUID, session: Session, why: Failure) -> None:
    repository.fail(session, training_id, why.message, utc_now())
    audit.record(session, None, "trainings.failed", "training", training_id)


def _announce_next(training_id: UUID, ended: Ended) -> None:
    """Announce the next fold, or the last stage; remove what nobody needs at the end of all."""
    with reading() as session:
        goes_on = training_id in repository.under_way_ids(session)
    if goes_on:
        send(process.current().celery, TRAIN, str(training_id))
        return
    if ended is Ended.DONE:
        process.current().storage.delete_folder(training_folder(training_id))
    tidy()


FOLD_SPEC = JobSpec(
    kind=FOLD,
    work=_with_child(_train_fold),
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("training", "fold"),
    on_leased=lambda session, lease: repository.begin(session, lease.row.training_id, utc_now()),
    on_failed=lambda session, lease, why: _failed(lease.row.training_id, session, why),
    afterwards=lambda job, ended: _announce_next(job.row.training_id, ended),
)
ASSEMBLY_SPEC = JobSpec(
    kind=ASSEMBLY,
    work=_with_child(_assemble),
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("training",),
    on_failed=lambda session, lease, why: _failed(lease.row.id, session, why),
    afterwards=lambda job, ended: _announce_next(job.row.id, ended),
)
