"""Every query about the service itself: which workers are alive."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.tables import Worker


def worker_seen(session: Session, name: str, now: datetime) -> None:
    """Note that the worker `name` (such as host:pid) is alive. Called every few seconds."""
    worker = session.get(Worker, name)
    if worker is None:
        session.add(Worker(name=name, started_at=now, seen_at=now))
    else:
        worker.seen_at = now


def worker_gone(session: Session, name: str) -> None:
    """Forget a worker that stops."""
    session.execute(delete(Worker).where(Worker.name == name))


def forget_silent_workers(session: Session, now: datetime, after: timedelta) -> None:
    """Forget the workers that were killed: silent for longer than `after`."""
    session.execute(delete(Worker).where(Worker.seen_at < now - after))


def workers_alive(session: Session, now: datetime, within: timedelta) -> int:
    """How many workers were seen not longer ago than `within`."""
    query = select(func.count()).select_from(Worker).where(Worker.seen_at >= now - within)
    return session.scalars(query).one()
