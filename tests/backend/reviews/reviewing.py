"""What reviewers do over HTTP, for tests."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from backend.core.db import utc_now
from backend.reviews import repository
from backend.reviews.decisions import reopen
from backend.tables import (
    AuditEvent,
    Contribution,
    FoldAssignment,
    LabelReport,
    Release,
    ReleaseItem,
    Review,
    User,
)
from tests.conftest import Api, SignedIn
from tests.factories import answer
from tests.factories_reviews import create_prepared

APPROVE: dict[str, Any] = {"verdict": "approve", "no_identifying_marks": True}
REJECT: dict[str, Any] = {"verdict": "reject", "reason": "poor_quality"}
ASK: dict[str, Any] = {"verdict": "request_changes", "comment": "Which probe was it?"}


def submitted(api: Api, **changes: Any) -> UUID:
    """The id of a contribution that waits for a verdict, with the model's answer."""
    with api.database.write() as session:
        row = create_prepared(session, **{"model_answer": answer(label="healthy")} | changes)
        session.commit()
        return row.id


def claim(who: SignedIn, contribution_id: UUID) -> httpx.Response:
    return who.client.post(f"/contributions/{contribution_id}/claim")


def give(who: SignedIn, contribution_id: UUID, **said: Any) -> httpx.Response:
    """A verdict, without claiming first."""
    return who.client.post(f"/contributions/{contribution_id}/reviews", json=said)


def judge(who: SignedIn, contribution_id: UUID, **said: Any) -> dict[str, Any]:
    """Claim, and give a verdict."""
    assert claim(who, contribution_id).status_code == 200
    answered = give(who, contribution_id, **said)
    assert answered.status_code == 201, answered.text
    found: dict[str, Any] = answered.json()
    return found


def undo(who: SignedIn, review: dict[str, Any]) -> httpx.Response:
    return who.client.delete(f"/reviews/{review['id']}")


def row(api: Api, contribution_id: UUID) -> Contribution:
    with api.database.read() as session:
        return session.scalars(select(Contribution).where(Contribution.id == contribution_id)).one()


def change(api: Api, contribution_id: UUID, **values: Any) -> None:
    """Write columns behind everybody's back."""
    with api.database.write() as session:
        found = session.get(Contribution, contribution_id)
        for name, value in values.items():
            setattr(found, name, value)
        session.commit()


def reviews(api: Api) -> int:
    with api.database.read() as session:
        return len(session.scalars(select(Review)).all())


def actions(api: Api, contribution_id: UUID) -> list[str]:
    """What the audit log says was done to it, in order."""
    with api.database.read() as session:
        return list(
            session.scalars(
                select(AuditEvent.action)
                .where(AuditEvent.subject_id == str(contribution_id))
                .order_by(AuditEvent.id)
            )
        )


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def ingested(api: Api, contribution_id: UUID) -> None:
    """What the worker writes when it has done its work."""
    change(
        api,
        contribution_id,
        deidentify_state="done",
        original_key=None,
        deidentified_key=f"wholes/{contribution_id}.mp4",
        pixels_key=f"dataset/{contribution_id}/pixels.mp4",
        pixels_sha256="0" * 64,
        dataset_frames=3,
    )


def release(api: Api, contribution_id: UUID, number: int = 1) -> None:
    """A release that holds the contribution."""
    with api.database.write() as session:
        now = utc_now()
        session.add(Release(number=number, state="done", created_at=now, notified_at=now))
        session.merge(FoldAssignment(group_key="g", number=1, fold=0, assigned_in=number))
        session.flush()
        session.add(
            ReleaseItem(
                release_number=number,
                contribution_id=contribution_id,
                group_key="g",
                fold=0,
                label="covid19",
                probe="convex",
                row={},
            )
        )
        session.commit()


def report(api: Api, contribution_id: UUID, actor: User | None = None) -> bool:
    """Somebody says that the released label is wrong."""
    with api.database.write() as session:
        held = repository.lock(session, contribution_id)
        assert held is not None
        session.add(
            LabelReport(
                contribution_id=contribution_id,
                release_number=1,
                client="somebody",
                label="pneumonia",
                message="Looks bacterial to me.",
                created_at=utc_now(),
            )
        )
        opened = reopen(session, actor, held, utc_now())
        session.commit()
        return opened
