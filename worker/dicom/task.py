"""The task of a delivery: make the objects of an answer again, and send them to its peer.

They are the same bytes under the same SOP Instance UIDs at every try, so that a peer which had
them before a worker was killed keeps one of each. A peer that is away costs no attempt: the row
waits, longer each time (`backend.jobs.leases.next_try`), and so does all else for that peer.
"""

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from pydicom.dataset import Dataset
from sqlalchemy.orm import joinedload

from backend.core.db import utc_now
from backend.core.errors import InvalidInputError, PeerUnreachableError
from backend.dicom import peers, repository
from backend.dicom.answer import Answer
from backend.dicom.objects import objects_of
from backend.jobs import leases
from backend.jobs.kinds import DELIVERY
from backend.jobs.leases import Failure
from backend.jobs.names import DELIVER
from backend.storage.base import MissingObjectError
from backend.tables import Delivery, Screening
from models.media.formats import MediaError
from worker import process, stored
from worker.dicom.send import RefusedByPeerError, send
from worker.maintenance.duties import duty, requeue
from worker.runner import Done, Job, JobSpec, run_job
from worker.task import task, transaction

log = structlog.get_logger(__name__)

INTERNAL = Failure("Something went wrong on our side. It was noted; please try again.", "internal")


class NoAnswerError(Exception):
    """There is nothing to deliver any more."""


@task(DELIVER)
def deliver(notified_for: str) -> None:
    """Send the next answer that waits for its peer."""
    run_job(SPEC, notified_for)


@duty("requeue-deliveries")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message or has waited long enough."""
    requeue("requeue-deliveries", DELIVERY)


def _deliver(job: Job[Delivery]) -> Done:
    row, settings = job.row, process.current().settings
    peer = peers.find(settings, row.peer)
    objects = _objects(row.screening)
    job.check()
    try:
        send(peer, objects, settings)
    except PeerUnreachableError as error:
        _wait_for_peer(job, error.detail)
        raise
    return Done({"last_problem": None})


def _objects(screening: Screening) -> list[Dataset]:
    answer, recording = Answer.of(screening), screening.recording
    if answer is None or recording.pixels_deleted_at is not None:
        raise NoAnswerError
    with stored.verified(recording.storage_key, recording.sha256) as path:
        return objects_of(path, answer)


def _wait_for_peer(job: Job[Delivery], problem: str) -> None:
    """Write why, and let all else for this peer wait as long; `run_job` releases this row."""
    now = utc_now()
    job.progress(last_problem=problem)
    with transaction() as session:
        repository.postpone_peer(
            session, job.row.peer, problem, leases.next_try(job.row.away_since, now), now
        )


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, RefusedByPeerError):
        return Failure(str(error), "refused_by_peer")
    if isinstance(error, InvalidInputError):
        return Failure("This peer is no longer configured.", error.code)
    if isinstance(error, MediaError):
        return Failure(error.message, error.code)
    if isinstance(error, NoAnswerError | MissingObjectError):
        return Failure("The recording, and with it what a report names, was deleted.", "gone")
    if isinstance(error, stored.DamagedError):
        return Failure("The stored recording is damaged.", "recording_damaged")
    if isinstance(error, SoftTimeLimitExceeded):
        return Failure("Sending the answer took too long.", "too_slow")
    return None


SPEC = JobSpec(
    kind=DELIVERY,
    work=_deliver,
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("delivery",),
    load=(joinedload(Delivery.screening).joinedload(Screening.recording),),
)
