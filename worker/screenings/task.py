"""The screening task: decode, predict, store the frames, and conclude."""

from functools import partial
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session, joinedload

from backend.core.db import utc_now
from backend.dicom import peers
from backend.dicom import repository as deliveries
from backend.jobs.celery import send
from backend.jobs.kinds import SCREENING
from backend.jobs.leases import Failure, LeaseLostError
from backend.jobs.names import DELIVER, SCREEN
from backend.screenings import repository
from backend.storage.base import MissingObjectError
from backend.storage.keys import frame_key, frames_folder, signs_key
from backend.tables import Screening
from models.contract import Square
from models.inference.evidence import Evidence
from models.inference.screen import batches
from models.media import sampling
from worker import predictor, process, sign_maps, stored
from worker.dependencies import AWAY
from worker.runner import Done, Ended, Job, JobSpec, run_job
from worker.stored import DamagedError
from worker.task import reading, task

log = structlog.get_logger(__name__)

SHOWN_SIDE = 512
"""Longest side in pixels of a stored frame."""

INTERNAL = Failure("Something went wrong on our side. Please try again.", "internal_error")
_FAILURES: dict[type[Exception], Failure] = {
    SoftTimeLimitExceeded: Failure(
        "This recording took too long to screen. Please try a shorter or smaller one.", "too_slow"
    ),
    DamagedError: Failure(
        "The stored recording is damaged. Please upload it again.", "recording_damaged"
    ),
    MissingObjectError: Failure(
        "The recording's pixels are no longer stored. Please upload it again.",
        "recording_missing",
    ),
}


@task(SCREEN)
def screen(notified_for: str) -> None:
    """Screen what is first in turn."""
    run_job(SPEC, notified_for)


def _screen(job: Job[Screening]) -> Done:
    """The answer, or else no frames: those that are stored would tell of nothing."""
    try:
        return _answer(job)
    except (LeaseLostError, *AWAY):
        raise
    except Exception:
        process.current().storage.delete_folder(frames_folder(job.row.id))
        raise


def _answer(job: Job[Screening]) -> Done:
    """Decode, predict and store the frames and their maps."""
    row = job.row
    square = Square(row.crop_x, row.crop_y, row.crop_size)
    times_s: list[float] = []
    evidences: list[Evidence] = []
    storage = process.current().storage
    models = predictor.load()
    with stored.recording(row.recording.storage_key, row.recording.sha256) as (_, recording):
        total = len(recording.sampled())
        job.progress(done=0, total=total)
        for batch in batches(recording, square, models):
            for n, frame in enumerate(batch.frames):
                jpeg = sampling.encode_jpeg(frame.pixels, SHOWN_SIDE)
                storage.put_bytes(frame_key(row.id, frame.index), jpeg)
                if (maps := sign_maps.stored(batch, n)) is not None:
                    storage.put_bytes(signs_key(row.id, frame.index), maps)
            evidences.append(batch.evidence)
            times_s += [frame.time_s for frame in batch.frames]
            job.progress(done=len(times_s), total=total)
    answer = models.conclude(evidences, times_s, square, row.probe)
    return Done(repository.answer(answer), partial(_queue_deliveries, row))


def _queue_deliveries(row: Screening, session: Session) -> None:
    """Queue the answer for every peer, where a setting says so of what came by DICOM."""
    settings = process.current().settings
    names = list(peers.peers(settings)) if settings.dicom_deliver_always else []
    if names and deliveries.came_by_dicom(session, row.recording_id):
        deliveries.add_deliveries(session, row.id, names, utc_now())


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, sampling.MediaError):
        log.info("recording_not_read", code=error.code, cause=error.cause)
        return Failure(error.message, error.code)
    return _FAILURES.get(type(error))


def _clean_up(job: Job[Screening], ended: Ended) -> None:
    """Remove our frames where the row was deleted; another attempt's row owns the same frames.

    Of one that is done, whoever sends answers to peers is told.
    """
    if ended is Ended.DONE and process.current().settings.dicom_deliver_always:
        send(process.current().celery, DELIVER, str(job.row.id))
    if ended is Ended.LEASE_LOST and _is_gone(job.row.id):
        process.current().storage.delete_folder(frames_folder(job.row.id))


def _is_gone(screening_id: UUID) -> bool:
    with reading() as session:
        return repository.get(session, screening_id) is None


SPEC = JobSpec(
    kind=SCREENING,
    work=_screen,
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("screening",),
    turns=repository.turns,
    load=(joinedload(Screening.recording),),
    afterwards=_clean_up,
)
