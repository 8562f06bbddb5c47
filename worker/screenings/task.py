"""The screening task: claim the next row, decode, predict, store the frames, record the outcome."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from numpy.typing import NDArray
from structlog.contextvars import bound_contextvars

from backend.core.db import now
from backend.jobs import SCREEN
from backend.jobs.kinds import SCREENING
from backend.screenings import repository
from backend.storage.base import MissingObjectError
from backend.storage.keys import frame_key, frames_folder
from backend.tables import Screening
from models.contract import Square
from models.inference.screen import batches, conclude
from models.media import sampling
from worker import predictor, process, stored
from worker.dependencies import AWAY
from worker.leases import Lease, LeaseLostError, held
from worker.stored import DamagedError
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

SHOWN_SIDE = 512
"""Longest side in pixels of a stored frame."""

TOO_SLOW = "This recording took too long to screen. Please try a shorter or smaller one."
DAMAGED = "The stored recording is damaged. Please upload it again."
MISSING = "The recording's pixels are no longer stored. Please upload it again."
INTERNAL = "Something went wrong on our side. Please try again."


@dataclass(kw_only=True)
class Claim(Lease):
    """Our hold on one screening, and what it asks."""

    storage_key: str
    sha256: str
    square: Square

    @classmethod
    def of(cls, row: Screening) -> "Claim":
        """The claim that this row, just claimed, stands for."""
        return cls(
            kind=SCREENING,
            key=row.id,
            attempt=row.attempt,
            away_since=row.away_since,
            storage_key=row.recording.storage_key,
            sha256=row.recording.sha256,
            square=Square(row.crop_x, row.crop_y, row.crop_size),
        )

    @property
    def id(self) -> UUID:
        """The screening's id."""
        found: UUID = self.key
        return found

    def progress(self, done: int, total: int) -> None:
        """Note the frames done.

        Raises:
            LeaseLostError: somebody deleted the screening, or took it.
        """
        if not self.lost.is_set():
            with transaction() as session:
                if repository.progress(session, self.id, self.attempt, done, total, now()):
                    return
        raise LeaseLostError


@task(SCREEN)
def screen(notified_for: str) -> None:
    """Screen what is first in turn, whatever row the message was sent for; nothing may wait."""
    with transaction() as session:
        row = repository.claim_next(session, now())
    if row is None:
        log.info("nothing_waits")
        return
    claim = Claim.of(row)
    with bound_contextvars(screening=str(claim.id)):
        log.info("screening_claimed", attempt=claim.attempt, notified_for=notified_for)
        with held(claim):
            _run(claim)


def _run(claim: Claim) -> None:
    """Turn whatever happens into an outcome of the row."""
    try:
        result = _answer(claim)
        with transaction() as session:
            if not repository.finish(session, claim.id, claim.attempt, result, now()):
                raise LeaseLostError
        log.info("screening_done", label=result["label"], frames=len(result["frames"]))
    except LeaseLostError:
        _clean_up_after_deletion(claim)
    except sampling.MediaError as error:
        log.info("recording_not_read", code=error.code, cause=error.cause)
        _fail(claim, error.code, error.message)
    except SoftTimeLimitExceeded:
        _fail(claim, "too_slow", TOO_SLOW)
    except DamagedError:
        _fail(claim, "recording_damaged", DAMAGED)
    except MissingObjectError:
        _fail(claim, "recording_missing", MISSING)
    except AWAY:
        raise
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
                jpeg = sampling.encode_jpeg(frame.pixels, SHOWN_SIDE)
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


def _clean_up_after_deletion(claim: Claim) -> None:
    """Remove our frames where the row is gone; another attempt's row owns the same frames."""
    with reading() as session:
        gone = repository.get(session, claim.id) is None
    if gone:
        process.current().storage.delete_folder(frames_folder(claim.id))
    log.info("screening_not_ours", deleted=gone)
