"""Every query that the worker and upkeep rely on, on SQLite and on PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from backend.core.db import Database, now
from backend.jobs import leases, workers
from backend.jobs.kinds import SCREENING
from backend.recordings import repository as recordings
from backend.screenings import repository as screenings
from backend.screenings.repository import RecentUploads, Running
from backend.tables import Screening, Status
from backend.trainings.artifacts import repository as artifacts
from tests.conftest import ANSWER_S
from tests.factories import answer, create_recording, create_screening

STALE = timedelta(seconds=30)


@pytest.fixture
def screening(database: Database) -> Screening:
    with database.write() as session:
        made = create_screening(session)
        session.commit()
    return made


def claimed(database: Database, screening_id: UUID) -> int:
    """Claim as a worker does; the attempt."""
    with database.write() as session:
        mine = screenings.claim(session, screening_id, now())
        assert mine is not None
        session.commit()
    return mine.attempt


def reread(database: Database, screening_id: UUID) -> Screening:
    with database.read() as session:
        found = screenings.get(session, screening_id)
    assert found is not None
    return found


class TestClaim:
    def test_starts_the_first_attempt(self, database: Database, screening: Screening) -> None:
        assert claimed(database, screening.id) == 1
        found = reread(database, screening.id)
        assert found.status == Status.RUNNING
        assert found.claimed_at == found.heartbeat_at == found.started_at

    def test_brings_the_recording_along(self, database: Database, screening: Screening) -> None:
        with database.write() as session:
            mine = screenings.claim(session, screening.id, now())
            assert mine is not None
            assert mine.recording.storage_key.startswith("recordings/")

    def test_of_what_is_not_queued_is_refused(
        self, database: Database, screening: Screening
    ) -> None:
        claimed(database, screening.id)
        with database.write() as session:
            assert screenings.claim(session, screening.id, now()) is None
            assert screenings.claim(session, uuid4(), now()) is None

    def test_is_won_by_one_of_many_at_the_same_instant(self, database: Database) -> None:
        with database.write() as session:
            ids = [create_screening(session).id for _ in range(5)]
            session.commit()
        at_once = threading.Barrier(8)
        won: list[UUID] = []

        def compete() -> None:
            at_once.wait(20)
            for screening_id in ids:
                with database.write() as session:
                    mine = screenings.claim(session, screening_id, now())
                    session.commit()
                if mine is not None:
                    won.append(screening_id)

        threads = [threading.Thread(target=compete) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == sorted(ids)

    def test_keeps_the_first_start_in_a_second_attempt(
        self, database: Database, screening: Screening
    ) -> None:
        claimed(database, screening.id)
        first = reread(database, screening.id).started_at
        with database.write() as session:
            screenings.requeue_expired(session, now() + 2 * STALE, STALE, 3)
            session.commit()
        assert claimed(database, screening.id) == 2
        assert reread(database, screening.id).started_at == first


class TestOutcome:
    def test_of_the_newest_claim_is_written(self, database: Database, screening: Screening) -> None:
        attempt = claimed(database, screening.id)
        with database.write() as session:
            assert screenings.finish(session, screening.id, attempt, answer(), now())
            session.commit()
        found = reread(database, screening.id)
        assert (found.status, found.result) == (Status.DONE, answer())
        assert (found.done, found.total) == (3, 3)
        assert found.model_version == "pocovidnet-test"

    def test_of_an_older_claim_changes_nothing(
        self, database: Database, screening: Screening
    ) -> None:
        old = claimed(database, screening.id)
        with database.write() as session:
            screenings.requeue_expired(session, now() + 2 * STALE, STALE, 3)
            session.commit()
        new = claimed(database, screening.id)
        with database.write() as session:
            assert not leases.update_if_leased(
                session, SCREENING, screening.id, old, {"heartbeat_at": now()}
            )
            assert not screenings.progress(session, screening.id, old, 2, 3, now())
            assert not screenings.finish(session, screening.id, old, answer(), now())
            assert not screenings.fail(session, screening.id, old, "no_frames", "No.", now())
            assert not leases.release_lease(session, SCREENING, screening.id, old, now())
            session.commit()
        found = reread(database, screening.id)
        assert (found.status, found.attempt, found.done) == (Status.RUNNING, new, 0)
        assert (found.result, found.error_code) == (None, None)

    def test_is_written_once(self, database: Database, screening: Screening) -> None:
        attempt = claimed(database, screening.id)
        with database.write() as session:
            assert screenings.fail(session, screening.id, attempt, "no_frames", "No.", now())
            assert not screenings.finish(session, screening.id, attempt, answer(), now())
            session.commit()
        assert reread(database, screening.id).status == Status.FAILED

    def test_released_is_queued_again_and_costs_no_attempt(
        self, database: Database, screening: Screening
    ) -> None:
        attempt = claimed(database, screening.id)
        with database.write() as session:
            assert leases.release_lease(session, SCREENING, screening.id, attempt, now())
            session.commit()
        assert reread(database, screening.id).status == Status.QUEUED
        assert claimed(database, screening.id) == attempt + 1, "its number stays spent"
        assert reread(database, screening.id).lost == 0

    def test_progress_is_seen_and_is_a_heartbeat(
        self, database: Database, screening: Screening
    ) -> None:
        attempt = claimed(database, screening.id)
        later = now() + timedelta(seconds=9)
        with database.write() as session:
            assert screenings.progress(session, screening.id, attempt, 2, 7, later)
            session.commit()
        found = reread(database, screening.id)
        assert (found.done, found.total, found.heartbeat_at) == (2, 7, later)


class TestPutBack:
    def test_leaves_what_is_alive_and_what_was_just_nudged(
        self, database: Database, screening: Screening
    ) -> None:
        with database.write() as session:
            other = create_screening(session)
            session.commit()
        claimed(database, other.id)
        with database.write() as session:
            found = screenings.requeue_expired(session, now(), STALE, 3)
        assert (found.notify, found.given_up) == ((), ())

    def test_queues_what_has_lost_its_worker(
        self, database: Database, screening: Screening
    ) -> None:
        claimed(database, screening.id)
        with database.write() as session:
            found = screenings.requeue_expired(session, now() + 2 * STALE, STALE, 3)
            session.commit()
        assert found.notify == (screening.id,)
        assert reread(database, screening.id).status == Status.QUEUED

    def test_gives_up_after_the_last_attempt(
        self, database: Database, screening: Screening
    ) -> None:
        for _ in range(3):
            claimed(database, screening.id)
            with database.write() as session:
                found = screenings.requeue_expired(session, now() + 2 * STALE, STALE, 3)
                session.commit()
        assert (found.notify, found.given_up) == ((), (screening.id,))
        lost = reread(database, screening.id)
        assert (lost.status, lost.error_code) == (Status.FAILED, "worker_lost")

    def test_nudges_the_oldest_of_those_that_wait_long_and_not_all_at_once(
        self, database: Database
    ) -> None:
        moment = now()
        with database.write() as session:
            ids = [
                create_screening(
                    session,
                    queued_at=moment - timedelta(minutes=9 - n),
                    nudged_at=moment - timedelta(minutes=9 - n),
                ).id
                for n in range(5)
            ]
            session.commit()
        with database.write() as session:
            first = screenings.requeue_expired(session, moment, STALE, 3, notify_at_most=3)
            again = screenings.requeue_expired(session, moment, STALE, 3, notify_at_most=3)
        assert set(first.notify) == set(ids[:3])
        assert set(again.notify) == set(ids[3:])


class TestCounts:
    def test_name_every_status(self, database: Database, screening: Screening) -> None:
        with database.read() as session:
            assert screenings.counts(session) == {
                Status.QUEUED: 1,
                Status.RUNNING: 0,
                Status.DONE: 0,
                Status.FAILED: 0,
            }

    def test_of_what_waits_are_in_all_and_of_one_client(self, database: Database) -> None:
        with database.write() as session:
            for client, status in (("a", "queued"), ("a", "queued"), ("b", "queued")):
                create_screening(session, client=client, status=status)
            create_screening(session, client="a", status="running", attempt=1)
            assert screenings.waiting_counts(session, "a") == (3, 2)
            assert screenings.waiting_counts(session, "nobody") == (3, 0)


class TestMeasured:
    def test_are_the_last_that_ended_well(self, database: Database) -> None:
        moment = now()
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
        moment = now()
        with database.write() as session:
            create_screening(session)
            create_screening(session, status="running", total=9, done=6, claimed_at=moment)
            assert screenings.running(session) == [Running(9, 6, moment)]


class TestRecentUploads:
    def test_are_counted_for_each_client_however_they_fared(self, database: Database) -> None:
        moment = now()

        def ago(seconds: float) -> datetime:
            return moment - timedelta(seconds=seconds)

        with database.write() as session:
            create_screening(session, client="a", queued_at=ago(200), status="done")
            create_screening(session, client="a", queued_at=ago(40), total=9, status="failed")
            create_screening(session, client="a", queued_at=ago(30), total=1)
            create_screening(session, client="b", queued_at=ago(5), total=2, status="running")
            uploads = screenings.recent_uploads(session, ago(100))
        assert sorted(uploads, key=lambda each: each.client) == [
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
                session.execute(text("UPDATE screenings SET status = 'asleep'"))

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
        moment = now()
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
        moment = now()
        with database.write() as session:
            recording = create_recording(session, expires_at=moment)
            assert recordings.mark_pixels_deleted(session, recording.id, moment)
            assert recordings.expired(session, moment) == []
            assert not recordings.mark_pixels_deleted(session, uuid4(), moment)


class TestKnown:
    def test_keys_are_those_of_rows_with_pixels(self, database: Database) -> None:
        with database.write() as session:
            kept = create_recording(session)
            gone = create_recording(session, pixels_deleted_at=now())
            keys = [kept.storage_key, kept.preview_key, gone.storage_key, "recordings/aa/none"]
            known = recordings.known_keys(session, keys)
        assert known == {kept.storage_key, kept.preview_key}

    def test_ids_are_those_of_screenings_with_pixels(
        self, database: Database, screening: Screening
    ) -> None:
        with database.write() as session:
            gone = create_screening(session, create_recording(session, pixels_deleted_at=now()))
            known = screenings.known_ids(session, [screening.id, gone.id, uuid4()])
        assert known == {screening.id}


class TestWorkers:
    def test_are_alive_while_they_are_seen(self, database: Database) -> None:
        moment = now()
        with database.write() as session:
            workers.worker_seen(session, "one:1", moment - timedelta(minutes=2))
            workers.worker_seen(session, "two:1", moment)
            assert workers.workers_alive(session, moment, STALE) == 1
            workers.worker_seen(session, "one:1", moment)
            assert workers.workers_alive(session, moment, STALE) == 2
            workers.worker_gone(session, "two:1")
            assert workers.workers_alive(session, moment, STALE) == 1

    def test_that_are_silent_are_forgotten(self, database: Database) -> None:
        moment = now()
        with database.write() as session:
            workers.worker_seen(session, "one:1", moment - timedelta(minutes=20))
            workers.worker_seen(session, "two:1", moment)
            workers.forget_silent_workers(session, moment, timedelta(minutes=10))
            assert workers.workers_alive(session, moment, timedelta(days=1)) == 1


def test_of_two_workers_that_start_at_once_one_makes_known_what_ships(database: Database) -> None:
    def begin() -> None:
        with database.write() as session:
            artifacts.register(session, "pocovidnet-3", None, {}, now())
            session.commit()

    with ThreadPoolExecutor(1) as pool, database.write() as mine:
        artifacts.register(mine, "pocovidnet-3", None, {}, now())
        other = pool.submit(begin)
        with pytest.raises(TimeoutError):
            other.result(0.5)
        mine.commit()
        other.result(ANSWER_S)
    with database.read() as session:
        assert artifacts.get(session, "pocovidnet-3") is not None
