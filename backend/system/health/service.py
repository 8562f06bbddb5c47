"""What makes the service healthy, and what its limits are."""

from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError

from backend.core.db import Database, utc_now
from backend.core.errors import PocovidError, UnavailableError
from backend.core.settings import Settings
from backend.jobs.duties import duties
from backend.jobs.workers import idle_workers, workers_alive
from backend.screenings.repository import counts
from backend.storage.base import Storage
from backend.system.health.schemas import Health, Limits, Queue
from backend.tables import Duty, Status, Worker
from models.media.formats import FORMATS
from models.media.sampling import LIMITS

FAILURES_TO_TELL = 2
"""A duty that failed once may have met a blip; the next turn tells."""

VERSION = version("pocovidscreen")


def limits(settings: Settings) -> Limits:
    """What may be sent."""
    return Limits(
        max_bytes=settings.max_upload_bytes,
        max_seconds=LIMITS.seconds,
        max_pixels=LIMITS.image_pixels,
        max_video_pixels=LIMITS.video_pixels,
        max_frames=LIMITS.frames,
        min_side=LIMITS.smallest_side,
        types=[each.media_type for each in FORMATS.values()],
        retention_hours=settings.retention_hours,
        uploads_per_minute=settings.uploads_per_minute,
        open_screening=settings.open_screening,
        open_sign_up=settings.open_sign_up,
    )


def health(database: Database, storage: Storage, settings: Settings) -> Health:
    """Look at everything that a screening needs.

    Raises:
        UnavailableError: the database or the storage does not answer.
    """
    checks = {"database": "ok", "storage": "ok"}
    try:
        with database.read() as session:
            numbers = counts(session)
            now, within = utc_now(), timedelta(seconds=settings.stale_after_s)
            workers = workers_alive(session, now, within)
            reasons = _reasons(workers, idle_workers(session, now, within), now, within)
            reasons += _of_maintenance(duties(session), settings, now)
    except SQLAlchemyError:
        checks["database"] = "down"
    try:
        storage.check()
        free_bytes = storage.free_bytes()
    except (PocovidError, OSError):
        checks["storage"] = "down"
    down = [name for name, state in checks.items() if state == "down"]
    if down:
        raise UnavailableError(
            f"Not reachable now: {' and '.join(down)}.", code="unhealthy", **checks
        )
    return Health(
        status="degraded" if reasons else "ok",
        reasons=reasons,
        database="ok",
        storage="ok",
        free_bytes=free_bytes,
        queue=Queue(queued=numbers[Status.QUEUED], running=numbers[Status.RUNNING]),
        workers=workers,
        draining=settings.draining,
        version=VERSION,
    )


def _reasons(workers: int, idle: list[Worker], now: datetime, patience: timedelta) -> list[str]:
    """Why the service is not as it should be, in sentences for whoever runs it."""
    found = [] if workers else ["No worker was seen: nobody screens what is queued."]
    for each in idle:
        waited = now - (each.idle_since or now)
        if waited > patience:
            found.append(
                f"The {each.kind} {each.name} takes nothing, although work has waited for "
                f"{waited.total_seconds():.0f} s: it stands still, or the broker is away."
            )
    return found


def _of_maintenance(known: list[Duty], settings: Settings, now: datetime) -> list[str]:
    found = [
        f"Maintenance fails: {each.name}, {each.failures} times in a row ({each.error})."
        for each in known
        if each.failures >= FAILURES_TO_TELL
    ]
    ended = [each.succeeded_at for each in known if each.succeeded_at is not None]
    # A worker alone does it between two jobs, of which none takes longer.
    patience = timedelta(seconds=6 * settings.upkeep_every_s + settings.dataset_time_limit_s)
    if ended and now - max(ended) > patience:
        found.append(
            f"No duty of maintenance was done since {max(ended):%Y-%m-%d %H:%M} UTC: "
            "is the scheduler running?"
        )
    return found
