"""How the duties of maintenance go: every query about their rows, and about what they postpone."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.tables import Duty, Postponement

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
