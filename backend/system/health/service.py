"""Health and limits of the service."""

from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError

from backend.core.db import Database, utc_now
from backend.core.errors import PocovidError, UnavailableError
from backend.core.settings import Settings
from backend.jobs.duties import duties
from backend.jobs.workers import idle_workers, workers_alive
from backend.screenings.repository import unfinished_counts
from backend.storage.base import Storage
from backend.system.health.schemas import Health, Limits, Queue
from backend.tables import Duty, Worker
from models.media.formats import FORMATS
from models.media.sampling import LIMITS

FAILURES_TO_REPORT = 2
"""A single failure of a maintenance task may be transient."""

VERSION = version("pocovidscreen")


def limits(settings: Settings) -> Limits:
    """The limits of uploads."""
    return Limits(
        max_bytes=settings.max_upload_bytes,
        max_seconds=LIMITS.seconds,
        max_pixels=LIMITS.image_pixels,
        max_video_pixels=LIMITS.video_pixels,
        max_frames=LIMITS.frames,
        min_side=LIMITS.smallest_side,
        types=[media_format.media_type for media_format in FORMATS.values()],
        retention_hours=settings.retention_hours,
        uploads_per_minute=settings.uploads_per_minute,
        open_screening=settings.open_screening,
        open_sign_up=settings.open_sign_up,
    )


def health(database: Database, storage: Storage, settings: Settings) -> Health:
    """Check everything that a screening needs.

    Raises:
        UnavailableError: the database or the storage does not answer.
    """
    checks = {"database": "ok", "storage": "ok"}
    try:
        with database.read() as session:
            queued, running = unfinished_counts(session)
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
        raise UnavailableError(f"Unreachable: {' and '.join(down)}.", code="unhealthy", **checks)
    return Health(
        status="degraded" if reasons else "ok",
        reasons=reasons,
        database="ok",
        storage="ok",
        free_bytes=free_bytes,
        queue=Queue(queued=queued, running=running),
        workers=workers,
        draining=settings.draining,
        version=VERSION,
    )


def _reasons(workers: int, idle: list[Worker], now: datetime, patience: timedelta) -> list[str]:
    """Why the service is degraded, in sentences for its operator."""
    reasons = [] if workers else ["No worker is running, so queued screenings do not start."]
    for worker in idle:
        waited = now - (worker.idle_since or now)
        if waited > patience:
            reasons.append(
                f"The {worker.kind} {worker.name} is idle although work has been waiting for "
                f"{waited.total_seconds():.0f} s: it is stuck, or the broker is unreachable."
            )
    return reasons


def _of_maintenance(known: list[Duty], settings: Settings, now: datetime) -> list[str]:
    reasons = [
        f"Maintenance task {duty.name} has failed {duty.failures} times in a row ({duty.error})."
        for duty in known
        if duty.failures >= FAILURES_TO_REPORT
    ]
    ended = [duty.succeeded_at for duty in known if duty.succeeded_at is not None]
    # A single worker does maintenance between two jobs, none of which takes longer.
    patience = timedelta(seconds=6 * settings.upkeep_every_s + settings.dataset_time_limit_s)
    if ended and now - max(ended) > patience:
        reasons.append(
            f"No maintenance task has succeeded since {max(ended):%Y-%m-%d %H:%M} UTC. "
            "Is the scheduler running?"
        )
    return reasons
