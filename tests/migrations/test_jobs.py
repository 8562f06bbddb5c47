"""Migrations of the columns of jobs: losses, moments, states, names."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    MetaData,
    insert,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import (
    AuditEvent,
    Contribution,
    Release,
    Screening,
    Training,
    TrainingFold,
    Upload,
    UploadPiece,
    Worker,
)
from tests.migrations.rows import make_row


def test_attempts_of_before_losses_were_counted_are_losses_but_for_the_one_under_way(
    url: str,
) -> None:
    """Before, an attempt that a worker did not lose was taken back; the bound stays what it was."""
    migrations.upgrade(url, "0008")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    now = datetime(2025, 3, 1, tzinfo=UTC)
    cases = [("queued", 2, 2), ("running", 2, 1), ("running", 0, 0), ("done", 2, 0)]
    expected = [(number, lost) for number, (_, _, lost) in enumerate(cases, start=1)]
    with engine.begin() as connection:
        before.reflect(connection)

        def add(name: str, number: int = 1, **values: Any) -> None:
            table = before.tables[name]
            row = make_row(table, now, UUID(int=1))
            if "id" in row:
                row["id"] = make_row(table, now, UUID(int=number))["id"]
            row |= {key: number for key in ("number", "fold") if key in row}
            connection.execute(insert(table).values(row | values))

        for name in ("users", "recordings", "submissions", "workers"):
            add(name)
        for number, (state, attempt, _) in enumerate(cases, start=1):
            add("screenings", number, status=state, attempt=attempt, total=number)
            add("arrivals", number, state=state, attempt=attempt, bytes=number, entry=None)
            add("releases", number, state=state, attempt=attempt)
        for number, (state, attempt, _) in enumerate(cases[:3], start=1):
            beat = now if state == "running" else None
            add("trainings", number, attempt=attempt, heartbeat_at=beat)
        for number, (state, attempt, _) in enumerate(cases, start=1):
            add("training_folds", number, state=state, attempt=attempt)
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            for key, lost in (
                (Screening.total, Screening.lost),
                (Upload.bytes, Upload.lost),
                (Release.number, Release.lost),
                (TrainingFold.fold, TrainingFold.lost),
            ):
                found = [
                    tuple(each) for each in connection.execute(select(key, lost).order_by(key))
                ]
                assert (lost.class_.__name__, found) == (lost.class_.__name__, expected)
            losses = select(Training.assembly_lost).order_by(Training.id)
            assert connection.execute(losses).scalars().all() == [2, 1, 0]
            assert connection.execute(select(Screening.due_at)).scalars().all() == [None] * 4
            worker = connection.execute(select(Worker.kind, Worker.taken_at, Worker.idle_since))
            assert worker.one() == ("worker", None, None)
        migrations.downgrade(url, "0008")
    engine.dispose()


def test_jobs_of_before_the_columns_had_one_name_keep_their_moments_and_states(url: str) -> None:
    migrations.upgrade(url, "0013")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    told, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
    with engine.begin() as connection:
        before.reflect(connection)
        for name in ("users", "recordings", "submissions", "screenings", "contributions",
                     "arrivals", "upload_pieces", "releases", "trainings",
                     "training_folds"):  # fmt: skip
            row = make_row(before.tables[name], told, some_id)
            if name == "trainings":
                row |= {"state": "running", "heartbeat_at": told, "attempt": 3}
            told_of = {"nudged_at", "prep_queued_at", "ingest_queued_at"} & set(
                before.tables[name].columns.keys()
            )
            row |= dict.fromkeys(told_of, told)
            if name == "screenings":
                row["status"] = "running"
            connection.execute(insert(before.tables[name]).values(row))
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            for column in (
                Screening.notified_at,
                Upload.notified_at,
                Release.notified_at,
                TrainingFold.notified_at,
                Training.assembly_notified_at,
                Contribution.previews_notified_at,
                Contribution.deidentify_notified_at,
            ):
                assert connection.execute(select(column)).scalar_one() == told
            assert connection.execute(select(Screening.state)).scalar_one() == "running"
            assert connection.execute(select(UploadPiece.upload_id)).scalar_one() == some_id
            assembly = select(Training.assembly_state, Training.assembly_attempt)
            assert connection.execute(assembly).one() == ("running", 3)
        migrations.downgrade(url, "0013")
    with engine.connect() as connection:
        nudged = select(text("nudged_at")).select_from(table("arrivals"))
        assert len(connection.execute(nudged).all()) == 1
        status = select(text("status")).select_from(table("screenings"))
        assert connection.execute(status).scalar_one() == "running"
    engine.dispose()


def test_jobs_of_contributions_keep_their_columns_under_plainer_names(url: str) -> None:
    migrations.upgrade(url, "0023")
    engine = make_engine(Settings(database_url=url))
    now, some_id, before = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1), MetaData()
    old = {
        "prep_state": "running",
        "prep_attempt": 3,
        "prep_error": "It was damaged.",
        "ingest_state": "failed",
        "ingest_lost": 2,
        "ingest_heartbeat_at": now,
        "whole_key": "wholes/a.mp4",
    }
    new = select(
        Contribution.previews_state,
        Contribution.previews_attempt,
        Contribution.previews_error,
        Contribution.deidentify_state,
        Contribution.deidentify_lost,
        Contribution.deidentify_heartbeat_at,
        Contribution.deidentified_key,
    )
    events = ["prep.given_up", "ingest.given_up", "reviews.approved"]
    actions = select(AuditEvent.action).order_by(AuditEvent.id)
    with engine.begin() as connection:
        before.reflect(connection, only=["users", "submissions", "contributions"])
        for kept in before.sorted_tables:
            row = make_row(kept, now, some_id)
            row |= {"state": "approved", **old} if kept.name == "contributions" else {}
            connection.execute(insert(kept).values(row))
        for action in events:
            event = {"at": now, "actor_role": "service", "action": action, "detail": {}}
            event |= {"subject_kind": "contribution", "subject_id": "1"}
            connection.execute(insert(AuditEvent).values(event))
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            assert tuple(connection.execute(new).one()) == tuple(old.values())
            assert connection.execute(actions).scalars().all() == [
                "reviews.preparation_interrupted",
                "contributions.deidentification_interrupted",
                "reviews.approved",
            ]
        with (
            engine.connect() as connection,
            pytest.raises(DatabaseError, match="audit_events are never changed"),
        ):
            connection.execute(update(AuditEvent).values(action="x"))
        migrations.downgrade(url, "0023")
        with engine.connect() as connection:
            assert connection.execute(actions).scalars().all() == events
    engine.dispose()
