"""Migrations of the audit log, whose rows nothing else may change."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    MetaData,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import (
    AuditEvent,
)


def test_audit_events_get_their_new_names_and_features_and_still_cannot_be_changed(
    url: str,
) -> None:
    names = {
        "reviews.given": "reviews.submitted",
        "dataset.bytes_deleted": "contributions.bytes_deleted",
        "dataset.ingested_not": "contributions.deidentification_failed",
        "reviews.approved": "reviews.approved",
        "odd": "odd",
    }
    actions = select(AuditEvent.action).order_by(AuditEvent.id)
    migrations.upgrade(url, "0016")
    engine = make_engine(Settings(database_url=url))
    before = Table("audit_events", MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        for action in names:
            connection.execute(
                insert(before).values(
                    at=datetime(2025, 3, 1, tzinfo=UTC),
                    actor_role="service",
                    action=action,
                    subject_kind="contribution",
                    subject_id="1",
                    detail={},
                    request_id="",
                )
            )
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(actions).scalars().all() == list(names.values())
        features = connection.execute(select(AuditEvent.feature).order_by(AuditEvent.id)).scalars()
        assert features.all() == ["reviews", "contributions", "contributions", "reviews", "odd"]
    for change in (update(AuditEvent).values(action="x"), delete(AuditEvent)):
        with (
            engine.connect() as connection,
            pytest.raises(DatabaseError, match="audit_events are never changed"),
        ):
            connection.execute(change)
    migrations.downgrade(url, "0016")
    with engine.connect() as connection:
        assert connection.execute(actions).scalars().all() == list(names)
    with (
        engine.connect() as connection,
        pytest.raises(DatabaseError, match="audit_events are never changed"),
    ):
        connection.execute(delete(AuditEvent))
    engine.dispose()
