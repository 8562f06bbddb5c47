"""Every query about the service itself: which workers are alive, how its duties go."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session

from backend.tables import Duty, Postponement, Worker, WorkerKind


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
        worker = Worker(name=name, kind=kind.value, started_at=now)
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
    alive = and_(Worker.seen_at >= now - within, Worker.kind == WorkerKind.WORKER.value)
    return session.scalars(select(func.count()).select_from(Worker).where(alive)).one()


def idle_workers(session: Session, now: datetime, within: timedelta) -> list[Worker]:
    """Workers, of those seen within, with nothing to do although work waits; longest first."""
    idle = and_(Worker.seen_at >= now - within, Worker.idle_since.is_not(None))
    return list(session.scalars(select(Worker).where(idle).order_by(Worker.idle_since)))


# Maintenance.

FIRST_POSTPONED = timedelta(minutes=1)
MOST_POSTPONED = timedelta(hours=6)


def duty_succeeded(session: Session, name: str, now: datetime) -> None:
    """Note that a duty of maintenance was done."""
    duty = _duty(session, name)
    duty.succeeded_at, duty.failures, duty.error = now, 0, None


def duty_failed(session: Session, name: str, error: str, now: datetime) -> None:
    """Note that a duty of maintenance was not done."""
    duty = _duty(session, name)
    duty.failed_at, duty.failures, duty.error = now, duty.failures + 1, error[:500]


def _duty(session: Session, name: str) -> Duty:
    duty = session.get(Duty, name)
    if duty is None:
        duty = Duty(name=name, failures=0)
        session.add(duty)
    return duty


def duties(session: Session) -> list[Duty]:
    """How each duty last ended."""
    return list(session.scalars(select(Duty).order_by(Duty.name)))


def last_success(session: Session, name: str) -> datetime | None:
    """When that duty was last done."""
    return session.scalars(select(Duty.succeeded_at).where(Duty.name == name)).first()


def postpone(session: Session, duty: str, subject: str, now: datetime) -> None:
    """Leave a subject alone for a while, twice as long as the last time, within bounds."""
    found = session.get(Postponement, (duty, subject))
    if found is None:
        found = Postponement(duty=duty, subject=subject, failures=0)
        session.add(found)
    found.due_at = now + min(FIRST_POSTPONED * 2 ** min(found.failures, 10), MOST_POSTPONED)
    found.failures += 1


def postponed(session: Session, duty: str, now: datetime) -> set[str]:
    """Subjects that the duty leaves alone until later."""
    query = select(Postponement.subject).where(Postponement.duty == duty, Postponement.due_at > now)
    return set(session.scalars(query))


def forget_postponed(session: Session, before: datetime) -> None:
    """Forget what was due before that and did not fail again: it was done."""
    session.execute(delete(Postponement).where(Postponement.due_at < before))
