"""Queries that the worker and its maintenance rely on, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from backend.core.db import Database, utc_now
from backend.jobs import workers
from backend.recordings import repository as recordings
from backend.screenings import repository as screenings
from backend.screenings.repository import RecentUploads, Running
from backend.submissions import repository as submissions
from backend.submissions.uploads import repository as uploads
from backend.tables import Screening
from backend.trainings import repository as trainings
from backend.trainings.artifacts import repository as artifacts
from tests.conftest import ANSWER_S
from tests.factories import create_recording, create_screening
from tests.factories_artifacts import create_manifest
from tests.factories_contributions import create_contribution, create_submission, create_upload
from tests.factories_releases import create_item, create_release

STALE = timedelta(seconds=30)


@pytest.fixture
def screening(database: Database) -> Screening:
    with database.write() as session:
        made = create_screening(session)
        session.commit()
    return made


class TestCounts:
    def test_are_of_what_waits_and_of_what_runs(self, database: Database) -> None:
        with database.write() as session:
            assert screenings.unfinished_counts(session) == (0, 0)
            for status in ("queued", "running", "running", "done", "failed"):
                create_screening(session, status=status)
            assert screenings.unfinished_counts(session) == (1, 2)

    def test_of_what_waits_are_in_all_and_of_one_client(self, database: Database) -> None:
        with database.write() as session:
            for client, status in (("a", "queued"), ("a", "queued"), ("b", "queued")):
                create_screening(session, client=client, status=status)
            create_screening(session, client="a", status="running", attempt=1)
            assert screenings.waiting_counts(session, "a") == (3, 2)
            assert screenings.waiting_counts(session, "nobody") == (3, 0)


class TestMeasured:
    def test_are_the_last_that_ended_well(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            assert screenings.recently_answered(session) == []
            for frames, seconds in ((1, 9), (30, 1)):
                create_screening(
                    session,
                    status="done",
                    total=frames,
                    queued_at=moment - timedelta(seconds=20),
                    claimed_at=moment - timedelta(seconds=10),
                    finished_at=moment - timedelta(seconds=seconds),
                )
            create_screening(session, status="failed", claimed_at=moment, finished_at=moment)
            newest, other = screenings.recently_answered(session)
        assert (newest.frames, other.frames) == (30, 1)
        assert newest.queued_at == moment - timedelta(seconds=20)
        assert newest.finished_at - newest.claimed_at == timedelta(seconds=9)

    def test_is_what_runs(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            create_screening(session)
            create_screening(session, status="running", total=9, done=6, claimed_at=moment)
            assert screenings.running(session) == [Running(9, 6, moment)]


class TestRecentUploads:
    def test_are_counted_for_each_client_however_they_fared(self, database: Database) -> None:
        moment = utc_now()

        def ago(seconds: float) -> datetime:
            return moment - timedelta(seconds=seconds)

        with database.write() as session:
            create_screening(session, client="a", queued_at=ago(200), status="done")
            create_screening(session, client="a", queued_at=ago(40), total=9, status="failed")
            create_screening(session, client="a", queued_at=ago(30), total=1)
            create_screening(session, client="b", queued_at=ago(5), total=2, status="running")
            uploads = screenings.recent_uploads(session, ago(100))
        assert sorted(uploads, key=lambda upload: upload.client) == [
            RecentUploads("a", 2, 10, ago(40)),
            RecentUploads("b", 1, 2, ago(5)),
        ]


class TestRelations:
    def test_a_hidden_query_is_an_error(self, database: Database, screening: Screening) -> None:
        with database.read() as session:
            found = session.get(Screening, screening.id)
            assert found is not None
            with pytest.raises(InvalidRequestError):
                _ = found.recording

    def test_an_unknown_status_is_refused_by_the_database(self, database: Database) -> None:
        with database.write() as session:
            create_screening(session)
            with pytest.raises(IntegrityError):
                session.execute(text("UPDATE screenings SET state = 'asleep'"))

    def test_a_screening_without_recording_is_refused_by_the_database(
        self, database: Database
    ) -> None:
        with database.write() as session:
            recording = create_recording(session)
            recordings.remove(session, recording.id)
            with pytest.raises(IntegrityError):
                create_screening(session, recording)


class TestExpired:
    def test_are_those_past_their_time_that_nobody_screens_any_more(
        self, database: Database
    ) -> None:
        moment = utc_now()
        past = moment - timedelta(seconds=1)
        with database.write() as session:
            idle = create_recording(session, expires_at=past)
            done = create_recording(session, expires_at=past - timedelta(hours=1))
            create_screening(session, done, status="done")
            create_screening(session, create_recording(session, expires_at=past))
            create_recording(session, expires_at=past, pixels_deleted_at=past)
            create_recording(session, expires_at=moment + timedelta(hours=1))
            session.commit()
        with database.read() as session:
            found = recordings.expired(session, moment)
        assert [each.id for each in found] == [done.id, idle.id]
        assert [each.status for each in found[0].screenings] == ["done"]

    def test_are_not_found_again_once_marked(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            recording = create_recording(session, expires_at=moment)
            assert recordings.mark_pixels_deleted(session, recording.id, moment)
            assert recordings.expired(session, moment) == []
            assert not recordings.mark_pixels_deleted(session, uuid4(), moment)


class TestExcluded:
    """What a duty could not do goes on being left out, however much that becomes."""

    MANY = frozenset(uuid4() for _ in range(40_000))  # more than a statement may have parameters

    def test_recordings_give_way_to_the_next(self, database: Database) -> None:
        past = utc_now() - timedelta(hours=1)
        with database.write() as session:
            first, second, third = (
                create_recording(session, expires_at=past + timedelta(seconds=n)) for n in range(3)
            )
            left_out = self.MANY | {first.id}
            found = recordings.expired(session, utc_now(), left_out, limit=1)
            assert [each.id for each in found] == [second.id]
            found = recordings.expired(session, utc_now(), left_out)
            assert [each.id for each in found] == [second.id, third.id]

    def test_drafts_and_uploads_do_so_too(self, database: Database) -> None:
        past = utc_now() - timedelta(hours=1)
        with database.write() as session:
            drafts = [create_submission(session, created_at=past) for _ in range(2)]
            waiting = [
                create_upload(session, drafts[0], state="receiving", expires_at=past)
                for _ in range(2)
            ]
            left_out = self.MANY | {drafts[0].id, waiting[0].id}
            assert submissions.abandoned_drafts(session, utc_now(), left_out, 1) == [drafts[1].id]
            assert uploads.expired(session, utc_now(), left_out, 1) == [waiting[1].id]

    def test_a_training_leaves_out_any_number_of_recordings(self, database: Database) -> None:
        with database.write() as session:
            release = create_release(session)
            items = [
                create_item(session, release, create_contribution(session), fold=fold)
                for fold in (0, 1, 1, 2)
            ]
            left_out = [*self.MANY, items[1].contribution_id, items[3].contribution_id]
            folds = trainings.folds_by_label(session, 1, ["covid19", "healthy"], left_out)
        assert folds == {"covid19": {0, 1}, "healthy": set()}


class TestKnown:
    def test_keys_are_those_of_rows_with_pixels(self, database: Database) -> None:
        with database.write() as session:
            kept = create_recording(session)
            gone = create_recording(session, pixels_deleted_at=utc_now())
            keys = [kept.storage_key, kept.preview_key, gone.storage_key, "recordings/aa/none"]
            known = recordings.known_keys(session, keys)
        assert known == {kept.storage_key, kept.preview_key}

    def test_ids_are_those_of_screenings_with_pixels(
        self, database: Database, screening: Screening
    ) -> None:
        with database.write() as session:
            gone = create_screening(session, create_recording(session, pixels_deleted_at=utc_now()))
            known = screenings.known_ids(session, [screening.id, gone.id, uuid4()])
        assert known == {screening.id}


class TestWorkers:
    def test_are_alive_while_they_are_seen(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            workers.worker_seen(session, "one:1", moment - timedelta(minutes=2))
            workers.worker_seen(session, "two:1", moment)
            assert workers.workers_alive(session, moment, STALE) == 1
            workers.worker_seen(session, "one:1", moment)
            assert workers.workers_alive(session, moment, STALE) == 2
            workers.worker_gone(session, "two:1")
            assert workers.workers_alive(session, moment, STALE) == 1

    def test_are_on_the_hosts_that_their_names_tell_of(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            for name, minutes in (("one:1", 0), ("one:2", 0), ("two:1", 0), ("gone:1", 9)):
                workers.worker_seen(session, name, moment - timedelta(minutes=minutes))
            assert workers.hosts_alive(session, moment, STALE) == {"one", "two"}

    def test_that_are_silent_are_forgotten(self, database: Database) -> None:
        moment = utc_now()
        with database.write() as session:
            workers.worker_seen(session, "one:1", moment - timedelta(minutes=20))
            workers.worker_seen(session, "two:1", moment)
            workers.forget_silent_workers(session, moment, timedelta(minutes=10))
            assert workers.workers_alive(session, moment, timedelta(days=1)) == 1


def test_of_two_workers_that_start_at_once_one_makes_known_what_ships(database: Database) -> None:
    def begin() -> None:
        with database.write() as session:
            artifacts.register(session, "pocovidnet-3", None, create_manifest(), utc_now())
            session.commit()

    with ThreadPoolExecutor(1) as pool, database.write() as mine:
        artifacts.register(mine, "pocovidnet-3", None, create_manifest(), utc_now())
        other = pool.submit(begin)
        with pytest.raises(TimeoutError):
            other.result(0.5)
        mine.commit()
        other.result(ANSWER_S)
    with database.read() as session:
        assert artifacts.get(session, "pocovidnet-3") is not None
