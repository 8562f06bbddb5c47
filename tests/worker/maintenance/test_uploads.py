"""Upkeep of submissions: what is lost comes back, what is forgotten goes, and nothing else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.storage.keys import piece_key
from backend.tables import AuditEvent, Contribution, Submission, Upload, UploadPiece
from tests.factories_contributions import (
    create_contribution,
    create_submission,
    create_upload,
    store_contribution,
    store_upload,
)
from tests.worker.deployment import Deployment
from worker.maintenance.uploads import delete_forgotten, delete_unfinished, requeue_expired, sweep

LONG_AGO = timedelta(days=40)


def states(deployment: Deployment) -> list[tuple[str, str | None]]:
    with deployment.database.read() as session:
        rows = session.scalars(select(Upload).order_by(Upload.file_name)).all()
    return [(row.state, row.error_code) for row in rows]


class TestPutBack:
    @pytest.mark.parametrize(
        ("lost", "silent_s", "after"),
        [
            (1, 100, ("queued", None)),
            (2, 100, ("failed", "worker_lost")),
            (2, 0, ("running", None)),
        ],
    )
    def test_what_lost_its_worker(
        self, deployment: Deployment, lost: int, silent_s: int, after: tuple[str, str | None]
    ) -> None:
        with deployment.database.write() as session:
            heartbeat_at = utc_now() - timedelta(seconds=silent_s)
            create_upload(session, state="running", attempt=3, lost=lost, heartbeat_at=heartbeat_at)
            session.commit()
        requeue_expired()
        assert states(deployment) == [after]

    def test_what_lost_its_message_is_notified_again(self, deployment: Deployment) -> None:
        with deployment.database.write() as session:
            row = create_upload(session, notified_at=utc_now() - timedelta(hours=1))
            session.commit()
        requeue_expired()
        with deployment.database.read() as session:
            notified_at = session.scalars(select(Upload.notified_at)).one()
        assert notified_at is not None
        assert row.notified_at is not None
        assert notified_at > row.notified_at


def test_an_unfinished_upload_goes_when_its_time_is_over(deployment: Deployment) -> None:
    with deployment.database.write() as session:
        draft = create_submission(session)
        old = create_upload(
            session, draft, file_name="a", state="receiving", expires_at=utc_now() - LONG_AGO
        )
        new = create_upload(session, draft, file_name="b", state="receiving")
        whole = create_upload(session, draft, file_name="c", expires_at=utc_now() - LONG_AGO)
        session.commit()
    for row in (old, new):
        deployment.storage.put_bytes(piece_key(row.id, 0), b"x")
    store_upload(deployment.storage, whole, b"x")
    delete_unfinished()
    assert states(deployment) == [("receiving", None), ("queued", None)]
    (left,) = deployment.storage.listing("pieces")
    assert left.key.startswith(f"pieces/{new.id}/")


class TestForgottenDrafts:
    def test_go_with_everything_that_was_sent_for_them(self, deployment: Deployment) -> None:
        with deployment.database.write() as session:
            draft = create_submission(session, touched_at=utc_now() - LONG_AGO)
            recording = create_contribution(session, draft, state="draft")
            upload = create_upload(session, draft)
            session.commit()
        store_contribution(deployment.storage, recording)
        store_upload(deployment.storage, upload, b"x")
        delete_forgotten()
        with deployment.database.read() as session:
            for table in (Submission, Contribution, Upload):
                assert session.scalars(select(table.id)).all() == []
            assert "submissions.expired" in session.scalars(select(AuditEvent.action)).all()
        for folder in ("contributions", "contribution-previews", "arrivals"):
            assert list(deployment.storage.listing(folder)) == []

    def test_but_not_what_was_sent_or_touched(self, deployment: Deployment) -> None:
        with deployment.database.write() as session:
            create_submission(
                session, touched_at=utc_now() - LONG_AGO, submitted_at=utc_now() - LONG_AGO
            )
            create_submission(session)
            session.commit()
        delete_forgotten()
        with deployment.database.read() as session:
            assert len(session.scalars(select(Submission.id)).all()) == 2


class TestSweep:
    def test_removes_only_what_no_row_answers_for(self, deployment: Deployment) -> None:
        with deployment.database.write() as session:
            draft = create_submission(session)
            recording = create_contribution(session, draft)
            waiting = create_upload(session, draft, file_name="a")
            done = create_upload(session, draft, file_name="b", state="done")
            session.commit()
        store_contribution(deployment.storage, recording)
        for row in (waiting, done):
            store_upload(deployment.storage, row, b"x")
        orphans = (
            f"contributions/ab/{'ab' * 32}-{uuid4()}",
            f"contribution-previews/{uuid4()}.jpg",
            f"arrivals/{uuid4()}",
        )
        for key in orphans:
            deployment.storage.put_bytes(key, b"x")
        pieces = [
            UploadPiece(upload_id=row.id, start=0, bytes=1, key=piece_key(row.id, 0))
            for row in (waiting, done)
        ]
        with deployment.database.write() as session:
            session.add_all(pieces)
            session.commit()
        for key in (*(piece.key for piece in pieces), piece_key(waiting.id, 1)):
            deployment.storage.put_bytes(key, b"x")

        assert sweep(utc_now() - timedelta(hours=1)) == 0  # they may still be under way
        assert sweep(utc_now() + timedelta(seconds=5)) == 6
        assert [stored.key for stored in deployment.storage.listing("pieces")] == [pieces[0].key]
        with deployment.database.read() as session:
            assert session.scalars(select(UploadPiece.key)).all() == [pieces[0].key]

        left = {
            stored.key
            for folder in ("contributions", "contribution-previews", "arrivals")
            for stored in deployment.storage.listing(folder)
        }
        assert left == {recording.original_key, recording.preview_key, f"arrivals/{waiting.id}"}
