"""Upkeep of submissions: what is lost comes back, what is forgotten goes, and nothing else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from backend.core.db import now
from backend.storage.keys import piece_key
from backend.tables import AuditEvent, Contribution, Submission, Upload, UploadPiece
from tests.factories_contributions import (
    create_contribution,
    create_submission,
    create_upload,
    store_contribution,
    store_upload,
)
from tests.worker.house import House
from worker.maintenance.uploads import delete_forgotten, delete_unfinished, requeue_expired, sweep

LONG_AGO = timedelta(days=40)


def states(house: House) -> list[tuple[str, str | None]]:
    with house.database.read() as session:
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
        self, house: House, lost: int, silent_s: int, after: tuple[str, str | None]
    ) -> None:
        with house.database.write() as session:
            heartbeat_at = now() - timedelta(seconds=silent_s)
            create_upload(session, state="running", attempt=3, lost=lost, heartbeat_at=heartbeat_at)
            session.commit()
        requeue_expired()
        assert states(house) == [after]

    def test_what_lost_its_message_is_notified_again(self, house: House) -> None:
        with house.database.write() as session:
            row = create_upload(session, notified_at=now() - timedelta(hours=1))
            session.commit()
        requeue_expired()
        with house.database.read() as session:
            notified_at = session.scalars(select(Upload.notified_at)).one()
        assert notified_at is not None
        assert row.notified_at is not None
        assert notified_at > row.notified_at


def test_an_unfinished_upload_goes_when_its_time_is_over(house: House) -> None:
    with house.database.write() as session:
        draft = create_submission(session)
        old = create_upload(
            session, draft, file_name="a", state="receiving", expires_at=now() - LONG_AGO
        )
        new = create_upload(session, draft, file_name="b", state="receiving")
        whole = create_upload(session, draft, file_name="c", expires_at=now() - LONG_AGO)
        session.commit()
    for row in (old, new):
        house.storage.put_bytes(piece_key(row.id, 0), b"x")
    store_upload(house.storage, whole, b"x")
    delete_unfinished()
    assert states(house) == [("receiving", None), ("queued", None)]
    (left,) = house.storage.listing("pieces")
    assert left.key.startswith(f"pieces/{new.id}/")


class TestForgottenDrafts:
    def test_go_with_everything_that_was_sent_for_them(self, house: House) -> None:
        with house.database.write() as session:
            draft = create_submission(session, touched_at=now() - LONG_AGO)
            recording = create_contribution(session, draft, state="draft")
            upload = create_upload(session, draft)
            session.commit()
        store_contribution(house.storage, recording)
        store_upload(house.storage, upload, b"x")
        delete_forgotten()
        with house.database.read() as session:
            for table in (Submission, Contribution, Upload):
                assert session.scalars(select(table.id)).all() == []
            assert "submissions.expired" in session.scalars(select(AuditEvent.action)).all()
        for folder in ("contributions", "contribution-previews", "arrivals"):
            assert list(house.storage.listing(folder)) == []

    def test_but_not_what_was_sent_or_touched(self, house: House) -> None:
        with house.database.write() as session:
            create_submission(session, touched_at=now() - LONG_AGO, submitted_at=now() - LONG_AGO)
            create_submission(session)
            session.commit()
        delete_forgotten()
        with house.database.read() as session:
            assert len(session.scalars(select(Submission.id)).all()) == 2


class TestSweep:
    def test_removes_only_what_no_row_answers_for(self, house: House) -> None:
        with house.database.write() as session:
            draft = create_submission(session)
            recording = create_contribution(session, draft)
            waiting = create_upload(session, draft, file_name="a")
            done = create_upload(session, draft, file_name="b", state="done")
            session.commit()
        store_contribution(house.storage, recording)
        for row in (waiting, done):
            store_upload(house.storage, row, b"x")
        strangers = (
            f"contributions/ab/{'ab' * 32}-{uuid4()}",
            f"contribution-previews/{uuid4()}.jpg",
            f"arrivals/{uuid4()}",
        )
        for key in strangers:
            house.storage.put_bytes(key, b"x")
        pieces = [
            UploadPiece(upload_id=row.id, start=0, bytes=1, key=piece_key(row.id, 0))
            for row in (waiting, done)
        ]
        with house.database.write() as session:
            session.add_all(pieces)
            session.commit()
        for key in (*(piece.key for piece in pieces), piece_key(waiting.id, 1)):
            house.storage.put_bytes(key, b"x")

        assert sweep(now() - timedelta(hours=1)) == 0  # they may still be under way
        assert sweep(now() + timedelta(seconds=5)) == 6
        assert [each.key for each in house.storage.listing("pieces")] == [pieces[0].key]
        with house.database.read() as session:
            assert session.scalars(select(UploadPiece.key)).all() == [pieces[0].key]

        left = {
            each.key
            for folder in ("contributions", "contribution-previews", "arrivals")
            for each in house.storage.listing(folder)
        }
        assert left == {recording.original_key, recording.preview_key, f"arrivals/{waiting.id}"}
