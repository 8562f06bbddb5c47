"""Screenings: when one may be created, its representation and its deletion."""

from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, GoneError, NotFoundError, QueueFullError
from backend.core.settings import Settings
from backend.jobs.celery import after_commit
from backend.jobs.names import SCREEN
from backend.recordings import repository as recordings
from backend.recordings.importer import keys_of, refusal
from backend.recordings.schemas import Crop
from backend.screenings import repository
from backend.screenings.estimates import QueueEstimator
from backend.screenings.schemas import Failure, Progress, Result, ScreeningOut
from backend.storage.base import MissingObjectError, Storage, delete_after_commit
from backend.storage.keys import frame_key, frames_folder, signs_key
from backend.tables import Recording, Screening, Status, User
from models.contract import CLASSES, Probe, Square
from models.media import overlay, sampling

PATH = "/api/v1/screenings"
RETRY_QUEUE_S = 15

log = structlog.get_logger(__name__)


def check_queue(session: Session, settings: Settings, client: str) -> None:
    """Refuse another screening if too many are waiting, in total or of this client.

    The order of the queue is fair among its screenings; the limit per client keeps one client from
    filling the queue, which would lock everybody else out.

    Raises:
        QueueFullError: with the time after which to try again.
    """
    waiting, own = repository.waiting_counts(session, client)
    if waiting >= settings.max_queued:
        raise QueueFullError(
            f"The queue is full: {waiting} screenings are waiting. Please try again in a moment.",
            limit=settings.max_queued,
            retry_after_s=RETRY_QUEUE_S,
        )
    if own >= settings.max_queued_per_client:
        raise QueueFullError(
            f"{own} of your screenings are already waiting. Please send more in a moment.",
            limit=settings.max_queued_per_client,
            retry_after_s=RETRY_QUEUE_S,
        )


def create(
    session: Session,
    settings: Settings,
    client: str,
    recording: Recording,
    crop: Square | None,
    probe: Probe = Probe.CONVEX,
) -> Screening:
    """Queue a client's screening of a recording, on this square or the proposed one.

    Raises:
        QueueFullError: too many screenings are waiting.
        GoneError: the recording's pixels were deleted.
        RefusedError: the square is not inside the picture.
    """
    now = utc_now()
    if recording.pixels_deleted_at is not None or recording.expires_at <= now:
        raise GoneError(
            "The pixels of this recording were deleted after the retention time. "
            "Please upload it again."
        )
    square = crop or Square(recording.square_x, recording.square_y, recording.square_size)
    try:
        sampling.check_square(square, recording.width, recording.height)
    except sampling.MediaError as error:
        raise refusal(error) from error
    repository.lock_queue(session)
    check_queue(session, settings, client)
    screening = Screening(
        id=uuid4(),
        recording_id=recording.id,
        recording=recording,
        client=client,
        crop_x=square.x,
        crop_y=square.y,
        crop_size=square.size,
        probe=probe,
        total=recording.sampled_frames,
        created_at=now,
        queued_at=now,
        notified_at=now,
    )
    repository.add(session, screening)
    after_commit(session, SCREEN, screening.id)
    log.info("screening_queued", screening_id=str(screening.id), recording_id=str(recording.id))
    return screening


def find_recording(session: Session, recording_id: UUID) -> Recording:
    """The recording to be screened.

    Raises:
        NotFoundError: there is none.
    """
    recording = recordings.get(session, recording_id)
    if recording is None:
        raise NotFoundError(f"There is no recording {recording_id}.")
    return recording


def find(session: Session, screening_id: UUID) -> Screening:
    """The screening with this id, its recording loaded.

    Raises:
        NotFoundError: there is none.
    """
    screening = repository.get(session, screening_id)
    if screening is None:
        raise NotFoundError(f"There is no screening {screening_id}.")
    return screening


def to_schema(session: Session, estimator: QueueEstimator, screening: Screening) -> ScreeningOut:
    """The screening as the API returns it. Its recording must be loaded."""
    estimate = estimator.estimate(session, screening, utc_now())
    return ScreeningOut(
        id=screening.id,
        recording_id=screening.recording_id,
        status=screening.status,
        created_at=screening.created_at,
        started_at=screening.started_at,
        finished_at=screening.finished_at,
        crop=Crop(x=screening.crop_x, y=screening.crop_y, size=screening.crop_size),
        probe=screening.probe.value,
        progress=Progress(
            done=screening.done,
            total=screening.total,
            seconds_left=estimate.seconds_left,
            ahead=estimate.ahead,
        ),
        frames_available=(
            screening.status == Status.DONE and screening.recording.pixels_deleted_at is None
        ),
        result=(
            None
            if screening.result is None
            else Result.of(screening.result, screening.answered_anyway_at)
        ),
        error=(
            None
            if screening.error_code is None
            else Failure(code=screening.error_code, message=screening.error_message or "")
        ),
    )


def answer_anyway(session: Session, user: User, screening_id: UUID) -> Screening:
    """Show the class of a recording that is not usable, from now on; who asked first is kept.

    Raises:
        NotFoundError: there is no such screening.
        ConflictError: it is not done, or its recording is usable and has its answer.
    """
    screening = find(session, screening_id)
    if screening.result is None:
        raise ConflictError("This screening has no answer, so none can be shown.", code="not_done")
    if screening.result.usable:
        raise ConflictError(
            "This recording is usable: its class is shown already.", code="already_answered"
        )
    if repository.set_answered_anyway(session, screening, user.id, utc_now()):
        audit.record(
            session,
            user,
            "screenings.answered_anyway",
            "screening",
            screening_id,
            reasons=[reason.code for reason in screening.result.reasons],
        )
        log.info("answered_anyway", screening_id=str(screening_id))
    return screening


def frame(session: Session, storage: Storage, screening_id: UUID, index: int) -> bytes:
    """One frame as it was screened, as JPEG.

    Raises:
        NotFoundError: there is no such screening, or no such frame (yet).
        GoneError: the pixels were deleted.
    """
    screening = find(session, screening_id)
    return _of_frame(screening, storage, frame_key(screening_id, index), f"frame {index}")


def signs(
    session: Session, storage: Storage, screening_id: UUID, index: int, key: str | None
) -> tuple[bytes, bool]:
    """The maps over a frame as PNG: all of them in grey, or one in colour, see `media.overlay`.

    Grad-CAM tells of the class: where no class is shown it is left out, and the second value is
    False, since that may change.

    Raises:
        NotFoundError: there is no such screening, frame or map, or its models know no signs.
        GoneError: the pixels were deleted.
    """
    screening = find(session, screening_id)
    content = _of_frame(
        screening, storage, signs_key(screening_id, index), f"signs in frame {index}"
    )
    is_whole = _shows_class(screening)
    if is_whole and key is None:
        return content, True
    maps = overlay.decode(content)
    if not is_whole:
        if key in CLASSES:
            raise NotFoundError(
                "No class is shown of this recording, and so no Grad-CAM of any class."
            )
        maps = overlay.without_cams(maps)
    return overlay.encode(maps) if key is None else overlay.layer_png(maps, key), is_whole


def _shows_class(screening: Screening) -> bool:
    answered = screening.result
    return answered is not None and (answered.usable or screening.answered_anyway_at is not None)


def _of_frame(screening: Screening, storage: Storage, key: str, lacks: str) -> bytes:
    if screening.recording.pixels_deleted_at is not None:
        raise GoneError("The frames of this screening were deleted after the retention time.")
    try:
        with storage.open(key) as file:
            return file.read()
    except MissingObjectError as error:
        raise NotFoundError(f"The screening {screening.id} has no {lacks}.") from error


def delete(session: Session, screening_id: UUID) -> None:
    """Delete a screening, even a waiting or running one, and its recording with its last one.

    Pixels are deleted after the commit; the maintenance sweep deletes what an interruption leaves.

    Raises:
        NotFoundError: there is none.
    """
    screening = find(session, screening_id)
    delete_after_commit(session, folders=[frames_folder(screening_id)])
    if repository.others_use(session, screening.recording_id, except_for=screening_id):
        repository.remove(session, screening_id)
    else:
        delete_after_commit(session, *keys_of(screening.recording))
        recordings.remove(session, screening.recording_id)
    log.info("screening_deleted", screening_id=str(screening_id))
