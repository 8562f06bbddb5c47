"""The audit log: rows tell who did what, and no one changes or deletes them."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from backend.core import audit
from backend.core.db import Database
from backend.tables import AuditEvent
from tests.conftest import POSTGRESQL
from tests.factories import create_user


def only_event(session: Session) -> AuditEvent:
    session.flush()
    return session.scalars(select(AuditEvent)).one()


class TestRecord:
    def test_tells_who_did_what_and_in_which_request(self, database: Database) -> None:
        subject = uuid4()
        with database.write() as session, bound_contextvars(request_id="ward-7.42"):
            reviewer = create_user(session, "reviewer")
            audit.record(
                session, reviewer, "reviews.approved", "contribution", subject, label="covid19"
            )
            event = only_event(session)
            assert (event.actor_id, event.actor_role) == (reviewer.id, "reviewer")
            assert (event.action, event.subject_kind) == ("reviews.approved", "contribution")
            assert event.subject_id == str(subject)
            assert event.detail == {"label": "covid19"}
            assert event.request_id == "ward-7.42"

    def test_tells_a_request_without_an_account_from_a_worker(self, database: Database) -> None:
        with database.write() as session:
            audit.record(session, None, "ingest.done", "contribution", 1)
            assert only_event(session).actor_role == "service"
        with database.write() as session, bound_contextvars(request_id="1"):
            audit.record(session, None, "accounts.reset_requested", "user", 1)
            assert only_event(session).actor_role == "anonymous"

    def test_comes_to_nothing_with_its_transaction(self, database: Database) -> None:
        with database.write() as session:
            audit.record(session, None, "ingest.done", "contribution", 1)
            session.rollback()
            assert session.scalars(select(AuditEvent)).all() == []


class TestRows:
    @pytest.mark.parametrize(
        "change",
        [
            update(AuditEvent).values(action="nothing.happened"),
            delete(AuditEvent),
            text("UPDATE audit_events SET id = id + 1"),
        ],
        ids=["changed", "deleted", "moved"],
    )
    def test_are_never_changed(self, database: Database, change: object) -> None:
        with database.write() as session:
            audit.record(session, None, "ingest.done", "contribution", 1)
            session.commit()
        with (
            database.write() as session,
            pytest.raises(DatabaseError, match="audit_events are never changed"),
        ):
            session.execute(change)  # type: ignore[call-overload]
        with database.read() as session:
            assert session.scalars(select(AuditEvent.action)).all() == ["ingest.done"]

    @pytest.mark.parametrize("database_url", [POSTGRESQL], indirect=True)
    def test_are_not_truncated_either(self, database: Database) -> None:
        with (
            database.write() as session,
            pytest.raises(DatabaseError, match="audit_events are never changed"),
        ):
            session.execute(text("TRUNCATE audit_events"))
