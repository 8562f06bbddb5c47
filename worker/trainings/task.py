"""The training task: claim a fold, or the last stage, and run it in a process of its own.

What is computed once for all folds stays in a folder of the training on this machine, and each
finished fold's result goes to the storage, so that any worker can go on from there. TensorFlow is
loaded only in the child process.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from structlog.contextvars import bound_contextvars

from backend.core import audit
from backend.core.db import now
from backend.core.errors import DatabaseUnreachableError
from backend.jobs import TRAIN, send
from backend.jobs.kinds import FOLD
from backend.releases import repository as releases
from backend.storage.base import MissingObjectError
from backend.storage.keys import artifact_folder, training_folder, training_key
from backend.storage.private_files import make_folder, private_folder
from backend.tables import Contribution, Training
from backend.tables.vocabulary import Licence
from backend.trainings import queue, repository
from backend.trainings.artifacts import repository as artifacts
from backend.trainings.queue import Piece
from models import atomic_files
from worker import child, process
from worker.dependencies import AWAY
from worker.leases import Lease, held
from worker.maintenance.duties import ORPHANED_AFTER, delete_objects, duty, stale_after
from worker.predictor import local_folder
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

PROGRAM = "models.training.retrain"

FORGOTTEN_AFTER = timedelta(minutes=5)
"""A training of which nothing runs is told of again this often: its message may be lost."""

TOLD_EVERY_S = 1.0

INTERNAL = "Something went wrong on our side. It was noted; please try again."
WITHDRAWN = (
    "A recording of the release was withdrawn while the training ran. Please start it again: it "
    "then goes without it."
)
TOO_SLOW = "A part of the training took longer than it may (POCOVID_TRAINING_TIME_LIMIT_S)."

_TABLES = ("dataset_metadata.csv", "folds.csv")
_OPEN_LICENCES = (Licence.CC_BY.value, Licence.CC0.value)


@dataclass(kw_only=True)
class Claim(Lease):
    """Our hold on one piece of a training: a fold, or the last stage, the training's own row."""

    piece: Piece
    _last: list[Any] = field(default_factory=lambda: ["", 0.0])

    @classmethod
    def of(cls, piece: Piece) -> "Claim":
        """The claim that this piece, just claimed, stands for."""
        return cls(
            kind=FOLD,
            key=(piece.training_id, piece.fold),
            attempt=piece.attempt,
            away_since=piece.away_since,
            piece=piece,
        )

    def heartbeat(self) -> None:
        """Say that we are alive; set `lost` where the lease is lost."""
        with transaction() as session:
            if not queue.heartbeat(session, self.piece, now()):
                self.lost.set()

    def release(self, *, is_away: bool = False, due_at: datetime | None = None) -> bool:
        """Give the piece back unharmed. False: the lease is lost."""
        with transaction() as session:
            return queue.release_lease(session, self.piece, now(), is_away=is_away, due_at=due_at)

    def told(self, stage: str, done: int, total: int) -> None:
        """Note how far the child is; not every step of many, and never at the work's expense."""
        is_new = stage and (stage != self._last[0] or done >= total)
        if not is_new and time.monotonic() - self._last[1] < TOLD_EVERY_S:
            return
        self._last[:] = [stage, time.monotonic()]
        try:
            with transaction() as session:
                if not queue.progress(session, self.piece, stage, done, total, now()):
                    self.lost.set()
        except DatabaseUnreachableError:
            log.exception("progress_not_noted")


@task(TRAIN)
def train(notified_for: str) -> None:
    """Do the next piece of whatever training waits."""
    tidy()
    with transaction() as session:
        piece = queue.claim_next(session, now())
    if piece is None:
        log.info("no_training_waits")
        return
    claim = Claim.of(piece)
    with bound_contextvars(training=str(piece.training_id), fold=piece.fold):
        log.info("training_claimed", attempt=piece.attempt, notified_for=notified_for)
        with held(claim):
            _run(claim)
    with reading() as session:
        goes_on = piece.training_id in repository.under_way_ids(session)
    if goes_on:  # the next fold, or the last stage
        send(process.current().celery, TRAIN, str(piece.training_id))
    else:
        tidy()


@duty("requeue-trainings")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; give up what cannot be done."""
    mine, patience = process.current(), stale_after("requeue-trainings")
    with transaction() as session:
        found = queue.requeue_expired(
            session,
            now(),
            patience,
            FORGOTTEN_AFTER,
            mine.settings.max_attempts,
        )
    for training_id in found:
        send(mine.celery, TRAIN, str(training_id))
    if found:
        log.info("trainings_requeued", notified=len(found))


@duty("sweep-trainings", hourly=True)
def sweep_trainings() -> int:
    """Delete what no training needs (see `sweep`)."""
    return sweep(now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete stored files of trainings that have ended without them; how many objects went."""
    storage = process.current().storage
    with reading() as session:
        live = {str(each) for each in repository.under_way_ids(session)}
        kept = artifacts.folders(session)
    orphans = [
        each.key
        for each in storage.listing("trainings")
        if each.modified_at < before and each.key.split("/")[1] not in live
    ]
    if not live:  # else the last stage may be storing one
        orphans += [
            each.key
            for each in storage.listing("artifacts")
            if each.modified_at < before and each.key.rpartition("/")[0] not in kept
        ]
    return delete_objects("sweep-trainings", orphans)


def _run(claim: Claim) -> None:
    """Turn whatever happens into an outcome of the rows."""
    try:
        if claim.piece.fold is None:
            _finish(claim)
        else:
            _train_fold(claim, claim.piece.fold)
    except child.StoppedError:
        log.info("training_not_ours")
    except child.RefusedError as error:
        _fail(claim, str(error))
    except child.DiedError:
        log.exception("training_child_died")  # the row stays ours until upkeep takes it back
    except SoftTimeLimitExceeded:
        _fail(claim, TOO_SLOW)
    except AWAY:
        raise
    except MissingObjectError as error:
        log.exception("training_file_missing")
        _fail(claim, f"A stored file that the training needs is missing ({error}).")
    except Exception:
        log.exception("training_broke")
        _fail(claim, INTERNAL)


def _train_fold(claim: Claim, fold: int) -> None:
    training, home = _training(claim), _home(claim.piece.training_id)
    request = _request(training, home) | {"do": "fold", "fold": fold}
    result = child.run(PROGRAM, request, claim.told, claim.lost)
    found = home / "results" / f"fold{fold}.safetensors"
    if found.is_file():
        _store_copy(training_key(training.id, fold), found)
    with transaction() as session:
        ours = queue.finish_fold(session, claim.piece, result, now())
    log.info("fold_trained", recorded=ours, **{k: result[k] for k in result if k != "loss"})


def _finish(claim: Claim) -> None:
    training, home = _training(claim), _home(claim.piece.training_id)
    for each in training.folds:
        if (each.metrics or {}).get("frames"):
            key = training_key(training.id, each.fold)
            _fetch(key, home / "results" / f"fold{each.fold}.safetensors")
    version = f"pocovidnet-r{training.release_number}-{training.id.hex[:8]}"
    # an attempt that lost its hold may still be writing: each has a folder of its own
    out = home / "out" / str(claim.piece.attempt) / version
    shutil.rmtree(out, ignore_errors=True)
    request = _request(training, home) | {
        "do": "finish",
        "out": str(out),
        "licence": _licence(training.release_number),
        "against": str(_active_folder()),
    }
    result = child.run(PROGRAM, request, claim.told, claim.lost)
    folder = artifact_folder(version, claim.piece.attempt)
    for path in sorted(out.iterdir()):
        _store_copy(f"{folder}/{path.name}", path)
    manifest = _manifest(out)
    with transaction() as session:
        artifacts.register(session, version, folder, manifest, now())
        if not queue.finish(session, claim.piece, version, result.get("comparison"), now()):
            raise child.StoppedError
        audit.record(session, None, "trainings.done", "training", training.id, artifact=version)
    process.current().storage.delete_folder(training_folder(training.id))
    log.info("training_done", version=version)


def _training(claim: Claim) -> Training:
    with reading() as session:
        training = repository.get(session, claim.piece.training_id)
    assert training is not None, claim.piece  # noqa: S101  # trainings are never deleted
    return training


def _request(training: Training, home: Path) -> dict[str, Any]:
    """What both kinds of work need; the release's recordings are brought here first."""
    make_folder(home)
    with _alone(home / "data.lock"):
        _bring(training, home / "data")
    return {
        "data": str(home / "data"),
        "work": str(home / "work"),
        "results": str(home / "results"),
        "config": training.settings,
        "trunk": str(process.current().settings.training_trunk or ""),
    }


def _bring(training: Training, folder: Path) -> None:
    """Copy a release's recordings and tables here, in the public layout.

    What was withdrawn before is left out, and what the training leaves out. All folds must see the
    same recordings: where one was withdrawn since, the training ends.
    """
    from models.data import index as dataset

    with reading() as session:
        release = releases.get(session, training.release_number)
        members = releases.items(session, training.release_number)
    assert release is not None, training.id  # noqa: S101  # releases are never deleted
    files = [each for each in release.files.files if each.path in _TABLES]
    originals: dict[str, dataset.Original] = {}
    for item in members:
        contribution = item.contribution
        if str(contribution.id) in training.left_out:
            continue
        if not releases.is_gone(contribution):
            if item.files is not None:
                recording = item.files.recording
                files.append(recording)
                originals[recording.path] = dataset.Original(
                    contribution.sha256, tuple(contribution.fingerprints)
                )
        elif _gone_at(item.contribution) > training.created_at:
            raise child.RefusedError(WITHDRAWN)
    for each in files:
        _fetch(each.key, folder / each.path)
    dataset.write_originals(folder, originals)


def _gone_at(contribution: Contribution) -> datetime:
    return contribution.withdrawn_at or contribution.decided_at or now()


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
    mine = process.current()
    with private_folder(mine.settings.incoming_dir) as folder:
        mine.storage.put(key, Path(shutil.copyfile(path, folder / path.name)))


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
    said = release.summary.licences
    use = "" if set(said) <= set(_OPEN_LICENCES) else " and non-commercial"
    return (
        f"Trained on release {number} of the dataset ({', '.join(said)}): "
        f"for research{use} use only."
    )


def _manifest(folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from models.inference import artifact

    return asdict(artifact.read_manifest(folder))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _home(training_id: UUID) -> Path:
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
        live = {str(each) for each in repository.under_way_ids(session)}
    for home in homes:
        if home.name not in live:
            shutil.rmtree(home, ignore_errors=True)


def _fail(claim: Claim, why: str) -> None:
    with transaction() as session:
        ours = queue.fail(session, claim.piece, why, now())
        if ours:
            audit.record(session, None, "trainings.failed", "training", claim.piece.training_id)
    log.info("training_failed", recorded=ours, why=why)
