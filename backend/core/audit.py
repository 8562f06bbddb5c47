"""The audit log: one row for each step, written in the step's own transaction."""

from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from backend.core.db import now
from backend.tables import AuditEvent, User

ANONYMOUS = "anonymous"
"""The role of an actor who asked over HTTP without an account."""

SERVICE = "service"
"""The role where nobody asked: a worker, or the command line."""


def record(
    session: Session,
    actor: User | None,
    action: str,
    subject_kind: str,
    subject_id: object,
    **detail: object,
) -> None:
    """Add what `actor` did to a subject: `feature.verb`, such as `reviews.approved`.

    `detail` holds plain JSON values, never a name, an address or a file name. The row carries
    the id of the request that is being answered. Rows are only ever added: the database itself
    refuses to change or delete one.
    """
    request_id = str(get_contextvars().get("request_id", ""))
    nobody = ANONYMOUS if request_id else SERVICE
    session.add(
        AuditEvent(
            at=now(),
            actor_id=actor and actor.id,
            actor_role=nobody if actor is None else actor.role,
            action=action,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            detail=detail,
            request_id=request_id,
        )
    )
