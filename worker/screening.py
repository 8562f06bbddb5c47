"""The screening task: claim the next row, decode, predict, store the frames, record the outcome."""

import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from numpy.typing import NDArray
from structlog.contextvars import bound_contextvars

from backend.db import now
from backend.errors import StorageFullError, StorageUnreachableError
from backend.jobs import SCREEN
from backend.screenings import repository
from backend.storage import MissingObjectError, frame_key, frames_folder
from backend.tables import Screening
from models import media
from models.contract import Square
from models.screen import batches, conclude
from worker import predictor, process, stored
from worker.process import Pulse
from worker.stored import DamagedError, NotOursError
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

SHOWN_SIDE = 512
"""Longest side in pixels of a stored frame."""

TOO_SLOW = "This recording took too long to screen. Please try a shorter or smaller one."
DAMAGED = "The stored recording is damaged. Please upload it again."
MISSING = "The recording's pixels are no longer stored. Please upload it again."
INTERNAL = "Something went wrong on our side. Please try again."


@dataclass(frozen=True)
class Claim:
    """Our hold on one screening: which attempt it is, and what it asks."""

    id: UUID
    attempt: int
    storage_key: str
    sha256: str
    square: Square
    lost: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, row: Screening) -> "Claim":
        """The claim that this row, just claimed, stands for."""
        return cls(
            id=row.id,
            attempt=row.attempt,
            storage_key=row.recording.storage_key,
            sha256=row.recording.sha256,
            square=Square(row.crop_x, row.crop_y, row.crop_size),
        )

    def heartbeat(self) -> None:
        """Say that we are alive; set `lost` where the row is not ours any more."""
        with transaction() as session:
            if not repository.heartbeat(session, self.id, self.attempt, now()):
                self.lost.set()

    def progress(self, done: int, total: int) -> None:
        """Note the frames done.

        Raises:
            NotOursError: somebody deleted the screening, or took it.
        """
        if not self.lost.is_set():
            with transaction() as session:
                if repository.progress(session, self.id, self.attempt, done, total, now()):
                    return
        raise NotOursError


@task(SCREEN)
def screen(nudged_for: str) -> None:
    """Screen what is first in turn, whatever row the message was sent for; nothing may wait."""
    with transaction() as session:
        row = repository.claim_next(session, now())
    if row is None:
        log.info("nothing_waits")
        return
    claim = Claim.of(row)
    with bound_contextvars(screening=str(claim.id)):
        log.info("screening_claimed", attempt=claim.attempt, nudged_for=nudged_for)
        with Pulse(claim.heartbeat, process.current().settings.heartbeat_s):
            _run(claim)


def _run(claim: Claim) -> None:
    """Turn whatever happens into an outcome of the row."""
    try:
        result = _answer(claim)
        with transaction() as session:
            if not repository.finish(session, claim.id, claim.attempt, result, now()):
                raise NotOursError
        log.info("screening_done", label=result["label"], frames=len(result["frames"]))
    except NotOursError:
        _clean_up_after_deletion(claim)
    except media.MediaError as error:
        log.info("recording_not_read", code=error.code, cause=error.cause)
        _fail(claim, error.code, error.message)
    except SoftTimeLimitExceeded:
        _fail(claim, "too_slow", TOO_SLOW)
    except DamagedError:
        _fail(claim, "recording_damaged", DAMAGED)
    except MissingObjectError:
        _fail(claim, "recording_missing", MISSING)
    except (StorageUnreachableError, StorageFullError):
        _give_back(claim)
    except Exception:
        log.exception("screening_broke")
        _fail(claim, "internal_error", INTERNAL)


def _answer(claim: Claim) -> dict[str, Any]:
    """Decode, predict and store the frames; the answer as the API gives it."""
    times_s: list[float] = []
    scores: list[NDArray[np.float32]] = []
    storage = process.current().storage
    models = predictor.load()
    with stored.recording(claim.storage_key, claim.sha256) as (_, recording):
        total = len(recording.sampled())
        claim.progress(0, total)
        for batch in batches(recording, claim.square, models):
            for frame in batch.frames:
                jpeg = media.encode_jpeg(frame.pixels, SHOWN_SIDE)
                storage.put_bytes(frame_key(claim.id, frame.index), jpeg)
            scores.append(batch.scores)
            times_s += [frame.time_s for frame in batch.frames]
            claim.progress(len(times_s), total)
    return conclude(scores, times_s, claim.square, models.version).to_dict()


def _fail(claim: Claim, code: str, message: str) -> None:
    process.current().storage.delete_folder(frames_folder(claim.id))
    with transaction() as session:
        ours = repository.fail(session, claim.id, claim.attempt, code, message, now())
    log.info("screening_failed", code=code, recorded=ours)


def _give_back(claim: Claim) -> None:
    """Wait for the storage: the row is queued again, and upkeep sends it when it has rested."""
    with transaction() as session:
        repository.release(session, claim.id, claim.attempt, now())
    log.warning("screening_waits_for_storage")


def _clean_up_after_deletion(claim: Claim) -> None:
    """Remove our frames where the row is gone; another attempt's row owns the same frames."""
    with reading() as session:
        gone = repository.get(session, claim.id) is None
    if gone:
        process.current().storage.delete_folder(frames_folder(claim.id))
    log.info("screening_not_ours", deleted=gone)
