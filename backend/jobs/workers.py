"""Which workers are alive: every query about their rows."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session

from backend.tables import Worker, WorkerKind


def worker_seen(
    session: Session,
    name: str,
    now: datetime,
    *,
    kind: WorkerKind = WorkerKind.WORKER,
    taken_at: datetime | None = None,
    idle_since: datetime | None = None,
) -> None:
    """Note that the worker `name` (such as host:pid) is alive. Called every few seconds.

    Args:
        session, name, now: as above.
        kind: what it does.
        taken_at: when it last began a job.
        idle_since: since when it has had nothing to do although work waits that it could take.
    """
    worker = session.get(Worker, name)
    if worker is None:
        worker = Worker(name=name, kind=kind, started_at=now)
        session.add(worker)
    worker.seen_at, worker.taken_at, worker.idle_since = now, taken_at, idle_since


def worker_gone(session: Session, name: str) -> None:
    """Forget a worker that stops."""
    session.execute(delete(Worker).where(Worker.name == name))


def forget_silent_workers(session: Session, now: datetime, after: timedelta) -> None:
    """Forget the workers that were killed: silent for longer than `after`."""
    session.execute(delete(Worker).where(Worker.seen_at < now - after))


def workers_alive(session: Session, now: datetime, within: timedelta) -> int:
    """How many workers that screen were seen not longer ago than `within`."""
    alive = and_(Worker.seen_at >= now - within, Worker.kind == WorkerKind.WORKER)
    return session.scalars(select(func.count()).select_from(Worker).where(alive)).one()


def idle_workers(session: Session, now: datetime, within: timedelta) -> list[Worker]:
    """Workers, of those seen within, with nothing to do although work waits; longest first."""
    idle = and_(Worker.seen_at >= now - within, Worker.idle_since.is_not(None))
    return list(session.scalars(select(Worker).where(idle).order_by(Worker.idle_since)))


def hosts_alive(session: Session, now: datetime, within: timedelta) -> set[str]:
    """Hosts with a worker that was seen not longer ago than `within`."""
    names = session.scalars(select(Worker.name).where(Worker.seen_at >= now - within))
    return {name.rpartition(":")[0] for name in names}
