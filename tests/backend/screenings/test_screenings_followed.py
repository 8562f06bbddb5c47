"""GET and events of screenings, and the time that is left."""

import threading
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from backend.core.db import utc_now
from backend.http.server import GRACEFUL_SHUTDOWN_S
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.jobs.workers import worker_gone, worker_seen
from backend.screenings import repository
from tests.asking import ask, finish, screening_events
from tests.conftest import Api
from tests.factories import answer, create_recording, create_screening, prediction


class TestGet:
    def test_shows_the_answer(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        finish(api, screening_id)
        shown = api.client.get(f"/screenings/{screening_id}").json()
        assert shown["status"] == "done"
        assert shown["result"] == answer() | {"answered_anyway": None}
        assert shown["progress"] == {"done": 3, "total": 3, "seconds_left": 0.0, "ahead": None}
        assert shown["frames_available"] is True
        assert shown["started_at"] <= shown["finished_at"]

    def test_shows_why_there_is_no_answer(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        with api.database.write() as session:
            lease = leases.lease_this(session, SCREENING, screening_id, utc_now())
            assert lease is not None
            leases.fail(session, lease, leases.Failure("No frame.", "no_frames"), utc_now())
            session.commit()
        shown = api.client.get(f"/screenings/{screening_id}").json()
        assert shown["status"] == "failed"
        assert shown["error"] == {"code": "no_frames", "message": "No frame."}
        assert shown["frames_available"] is False

    def test_keeps_the_numbers_when_the_pixels_are_gone(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session, pixels_deleted_at=utc_now())
            screening = create_screening(
                session, recording, status="done", result=answer(), finished_at=utc_now()
            )
            session.commit()
        shown = api.client.get(f"/screenings/{screening.id}").json()
        assert shown["result"] == answer() | {"answered_anyway": None}
        assert shown["frames_available"] is False

    def test_an_unknown_id_is_not_found(self, api: Api) -> None:
        response = api.client.get(f"/screenings/{uuid4()}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


class TestSecondsLeft:
    """Two seconds a frame, as ten frames in twenty seconds were just measured; one worker."""

    @pytest.fixture
    def paced(self, api: Api) -> Api:
        now = utc_now()
        with api.database.write() as session:
            create_screening(
                session,
                status="done",
                total=10,
                done=10,
                queued_at=now - timedelta(seconds=20),
                claimed_at=now - timedelta(seconds=20),
                finished_at=now,
                result=answer(),
            )
            worker_seen(session, "one:1", now)
            session.commit()
        return api

    def seconds_left(self, api: Api, screening_id: UUID) -> float:
        shown = api.client.get(f"/screenings/{screening_id}").json()
        return float(shown["progress"]["seconds_left"])

    def test_counts_its_own_frames(self, paced: Api) -> None:
        with paced.database.write() as session:
            screening = create_screening(session)
            session.commit()
        assert self.seconds_left(paced, screening.id) == pytest.approx(3 * 2, abs=0.5)

    def test_counts_what_runs_and_what_has_its_turn_before_over_the_workers(
        self, paced: Api
    ) -> None:
        now = utc_now()
        with paced.database.write() as session:
            create_screening(session, status="running", attempt=1, total=10, done=0, claimed_at=now)
            for place in range(3):
                earlier = now - timedelta(seconds=9 - place)
                create_screening(session, client="another", total=5, queued_at=earlier)
            screening = create_screening(session, queued_at=now)
            worker_seen(session, "two:1", now)
            session.commit()
        # One worker is busy for 20 s. The other has the first of "another", 10 s, and then ours.
        assert self.seconds_left(paced, screening.id) == pytest.approx(10 + 3 * 2, abs=0.5)

    def test_of_a_running_one_leans_to_its_own_pace_as_it_goes_on(self, paced: Api) -> None:
        with paced.database.write() as session:
            screening = create_screening(
                session,
                status="running",
                attempt=1,
                total=10,
                done=9,
                claimed_at=utc_now() - timedelta(seconds=9),
            )
            session.commit()
        assert self.seconds_left(paced, screening.id) == pytest.approx(2, abs=0.5)

    def test_of_one_that_has_just_started_is_what_was_measured_less_what_has_passed(
        self, paced: Api
    ) -> None:
        with paced.database.write() as session:
            screening = create_screening(
                session, status="running", attempt=1, claimed_at=utc_now() - timedelta(seconds=4)
            )
            session.commit()
        assert self.seconds_left(paced, screening.id) == pytest.approx(3 * 2 - 4, abs=0.7)

    def test_tells_how_many_have_their_turn_before_it(self, paced: Api) -> None:
        now = utc_now()
        with paced.database.write() as session:
            running = create_screening(session, status="running", attempt=1, claimed_at=now)
            for place in range(3):
                earlier = now - timedelta(seconds=9 - place)
                create_screening(session, client="another", queued_at=earlier)
            screening = create_screening(session, queued_at=now)
            session.commit()
        # The first of "another" is before it, their second and third are not.
        for one, ahead in ((screening, 1), (running, None)):
            shown = paced.client.get(f"/screenings/{one.id}").json()
            assert shown["progress"]["ahead"] == ahead

    def test_is_unknown_without_a_worker(self, paced: Api) -> None:
        with paced.database.write() as session:
            worker_gone(session, "one:1")
            screening = create_screening(session)
            session.commit()
        shown = paced.client.get(f"/screenings/{screening.id}").json()
        assert shown["progress"]["seconds_left"] is None


class TestEvents:
    def test_tell_every_change_and_end_with_the_answer(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            events = screening_events(response)
            assert next(events)["status"] == "queued"
            with api.database.write() as session:
                lease = leases.lease_this(session, SCREENING, screening_id, utc_now())
                assert lease is not None
                session.commit()
            assert next(events)["status"] == "running"
            with api.database.write() as session:
                leases.progress(session, lease, utc_now(), done=1, total=3)
                session.commit()
            halfway = next(event for event in events if event["progress"]["done"])
            assert halfway["progress"]["total"] == 3
            with api.database.write() as session:
                leases.complete(session, lease, utc_now(), **repository.answer(prediction()))
                session.commit()
            *_, last = events
        assert last == api.client.get(f"/screenings/{screening_id}").json()

    def test_of_a_finished_screening_are_its_answer_alone(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        finish(api, screening_id)
        with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
            (event,) = screening_events(response)
        assert event["status"] == "done"

    def test_end_when_the_screening_is_deleted(self, api: Api) -> None:
        screening_id = ask(api).json()["id"]
        with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
            events = screening_events(response)
            next(events)
            assert api.client.delete(f"/screenings/{screening_id}").status_code == 204
            assert list(events) == []

    def test_many_followers_hear_of_the_same_change(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        heard: list[str] = []
        listening = threading.Barrier(11)

        def follow() -> None:
            with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
                events = screening_events(response)
                next(events)
                listening.wait(30)
                heard.extend(event["status"] for event in events)

        threads = [threading.Thread(target=follow) for _ in range(10)]
        for thread in threads:
            thread.start()
        listening.wait(30)
        finish(api, screening_id)
        for thread in threads:
            thread.join()
        assert heard.count("done") == 10

    def test_are_closed_at_once_when_the_server_stops(self, api: Api) -> None:
        screening_id = ask(api).json()["id"]
        with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
            events = screening_events(response)
            next(events)
            started = time.monotonic()
            api.stop()
            assert list(events) == []
        assert time.monotonic() - started < GRACEFUL_SHUTDOWN_S - 2

    def test_of_an_unknown_screening_are_not_found(self, api: Api) -> None:
        response = api.client.get(f"/screenings/{uuid4()}/events")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
