"""What becomes of a row whatever its work does: the one way that every job goes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.jobs.leases import Failure, Lease, LeaseLostError
from backend.screenings import repository
from backend.tables import Screening, Worker
from tests.waiting import wait_until
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment, still
from worker import dependencies, runner
from worker.runner import HELD, RECORDED, Again, Done, Ended, Job, JobSpec, run_job
from worker.task import transaction

INTERNAL = Failure("Something went wrong on our side.", "internal_error")
TOO_LARGE = Failure("It is too large.", "too_large")


class TooLargeError(Exception):
    """The recording's own fault."""


class Story:
    """One screening that waits, what its work does, and what was noted of it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.key = deployment.queue(still(), notify=False)
        self.ended: list[Ended] = []
        self.failures: list[Failure] = []

    def run(self, work: Callable[[Job[Screening]], Any], **more: Any) -> Screening:
        spec = JobSpec(
            kind=SCREENING,
            work=work,
            internal=INTERNAL,
            failure_of=lambda error: TOO_LARGE if isinstance(error, TooLargeError) else None,
            subject=("screening",),
            on_failed=self._on_failed,
            afterwards=lambda _job, ended: self.ended.append(ended),
            **more,
        )
        run_job(spec, "somebody")
        return self.row()

    def row(self) -> Screening:
        return self.deployment.row(self.key)

    def _on_failed(self, session: Session, lease: Lease[Screening], why: Failure) -> None:
        assert session.get_one(Screening, lease.key).state == "failed", "in the same transaction"
        self.failures.append(why)


@pytest.fixture
def story(any_deployment: Deployment) -> Story:
    return Story(any_deployment)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Messages that the runner sends."""
    messages: list[tuple[str, ...]] = []
    monkeypatch.setattr(runner, "send", lambda _celery, *message: messages.append(message))
    return messages


def raising(error: Exception) -> Callable[[Job[Screening]], Any]:
    def work(_job: Job[Screening]) -> Any:
        raise error

    return work


def take_over(job: Job[Screening]) -> None:
    """Let another worker have the row."""
    with transaction() as session:
        leases.release_lease(session, job.lease, utc_now())
        assert leases.lease(session, SCREENING, utc_now()) is not None


def worker_named(session: Session, name: str) -> None:
    moment = utc_now()
    session.add(Worker(name=name, started_at=moment, seen_at=moment))


def workers(deployment: Deployment) -> list[str]:
    return deployment.workers()


class TestDone:
    def test_columns_and_what_else_is_written_come_together(self, story: Story) -> None:
        row = story.run(lambda _job: Done({"total": 7}, lambda s: worker_named(s, "noted")))
        assert (row.state, row.total, row.attempt) == ("done", 7, 1)
        assert workers(story.deployment) == ["noted"]
        assert story.ended == [Ended.DONE]

    def test_of_a_row_that_another_has_nothing_is_written(self, story: Story) -> None:
        def work(job: Job[Screening]) -> Done:
            take_over(job)
            return Done({"total": 7}, lambda s: worker_named(s, "noted"))

        row = story.run(work)
        assert (row.state, row.attempt, row.total) == ("running", 2, 1)
        assert workers(story.deployment) == []
        assert story.ended == [Ended.LEASE_LOST]

    def test_recorded_by_the_work_itself_it_is_left_as_it_is(self, story: Story) -> None:
        def work(job: Job[Screening]) -> Any:
            with transaction() as session:
                leases.complete(session, job.lease, utc_now(), total=5)
            return RECORDED

        row = story.run(work)
        assert (row.state, row.total) == ("done", 5)
        assert story.ended == [Ended.DONE]


class TestFailure:
    def test_that_was_expected_is_recorded_and_not_raised(self, story: Story) -> None:
        row = story.run(raising(TooLargeError()))
        assert (row.state, row.error_code, row.error_message) == (
            "failed",
            TOO_LARGE.code,
            TOO_LARGE.message,
        )
        assert (story.ended, story.failures) == ([Ended.FAILED], [TOO_LARGE])

    def test_that_nobody_expected_is_recorded_and_raised(self, story: Story) -> None:
        with pytest.raises(ZeroDivisionError):
            story.run(raising(ZeroDivisionError("secret detail")))
        row = story.row()
        assert (row.state, row.error_code, row.error_message) == (
            "failed",
            INTERNAL.code,
            INTERNAL.message,
        )
        assert (story.ended, story.failures) == ([Ended.FAILED], [INTERNAL])

    def test_that_did_not_end_the_job_is_raised_once_it_is_done(self, story: Story) -> None:
        def work(job: Job[Screening]) -> Done:
            job.unexpected.append(ZeroDivisionError("in one part of many"))
            return Done({"total": 7})

        with pytest.raises(ZeroDivisionError):
            story.run(work)
        assert (story.row().state, story.row().total) == ("done", 7)
        assert story.ended == [Ended.DONE]

    def test_while_the_outcome_is_written_leaves_no_half_of_it(self, story: Story) -> None:
        def also(session: Session) -> None:
            worker_named(session, "noted")
            session.flush()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            story.run(lambda _job: Done(also=also))
        assert (story.row().state, workers(story.deployment)) == ("failed", [])

    @pytest.mark.parametrize("error", [TooLargeError(), ZeroDivisionError()])
    def test_of_a_row_that_another_has_is_nobodys(self, story: Story, error: Exception) -> None:
        """Such as a file that is missing since the row was deleted: nobody has to look at that."""

        def work(job: Job[Screening]) -> Any:
            take_over(job)
            raise error

        row = story.run(work)
        assert (row.state, row.attempt, row.error_code) == ("running", 2, None)
        assert (story.ended, story.failures) == ([Ended.LEASE_LOST], [])


class TestAway:
    def test_the_row_waits_unharmed_and_a_worker_that_is_well_comes_back_later(
        self, story: Story
    ) -> None:
        with pytest.raises(StorageUnreachableError):
            story.run(raising(StorageUnreachableError("of one object")))
        row = story.row()
        assert (row.state, row.lost, row.error_code) == ("queued", 0, None)
        assert row.away_since is not None
        assert row.due_at is not None
        assert row.due_at > row.away_since
        assert story.ended == []

    def test_where_this_worker_is_cut_off_another_may_have_it_at_once(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dependencies.backoff, "look", lambda: False)
        with pytest.raises(StorageUnreachableError):
            story.run(raising(StorageUnreachableError("all of it")))
        assert (story.row().state, story.row().due_at) == ("queued", None)

    def test_of_a_row_that_another_has_changes_nothing(self, story: Story) -> None:
        def work(job: Job[Screening]) -> Any:
            take_over(job)
            raise StorageUnreachableError("away")

        with pytest.raises(StorageUnreachableError):
            story.run(work)
        assert (story.row().state, story.row().attempt) == ("running", 2)


class TestLater:
    def test_it_is_queued_unharmed_and_announced(
        self, story: Story, sent: list[tuple[str, ...]]
    ) -> None:
        row = story.run(lambda _job: Again())
        assert (row.state, row.attempt, row.lost, row.due_at) == ("queued", 1, 0, None)
        assert sent == [(SCREENING.task, str(story.key))]
        assert story.ended == [Ended.RELEASED]

    def test_it_is_left_to_maintenance(self, story: Story, sent: list[tuple[str, ...]]) -> None:
        assert story.run(lambda _job: Again(announced=False)).state == "queued"
        assert sent == []

    def test_without_an_outcome_it_counts_as_a_lost_worker(self, story: Story) -> None:
        assert story.run(lambda _job: HELD).state == "running"
        with transaction() as session:
            hour = utc_now() + timedelta(hours=1)
            leases.requeue_expired(session, SCREENING, hour, timedelta(0), 3)
        assert (story.row().state, story.row().lost) == ("queued", 1)
        assert story.ended == [Ended.HELD]


class TestLease:
    def test_none_may_wait(self, story: Story) -> None:
        story.run(lambda _job: Done())
        story.run(raising(AssertionError("there is nothing to do")))
        assert story.ended == [Ended.DONE]

    def test_is_of_whose_turn_it_is_with_what_was_asked_for(self, story: Story) -> None:
        moment = utc_now()
        first = story.deployment.queue(
            still(), notify=False, client="b", queued_at=moment - timedelta(hours=1)
        )
        worked_on: list[tuple[UUID, int]] = []

        def work(job: Job[Screening]) -> Done:
            with transaction() as session:
                found = session.get_one(Screening, job.key)
                worked_on.append((job.key, found.total))
            return Done()

        def note(session: Session, lease: Lease[Screening]) -> None:
            session.get_one(Screening, lease.key).total = 9

        story.run(work, turns=repository.turns, on_leased=note)
        assert worked_on == [(first, 9)]

    def test_is_kept_alive_while_the_work_goes_on(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, heartbeat_s=0.02)

        def work(job: Job[Screening]) -> Done:
            began = job.row.heartbeat_at
            wait_until(lambda: story.row().heartbeat_at != began, 10)
            return Done()

        assert story.run(work).state == "done"

    def test_a_heartbeat_that_finds_it_lost_stops_the_work_at_its_next_step(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, heartbeat_s=0.02)

        def work(job: Job[Screening]) -> Done:
            job.progress(done=1)
            take_over(job)
            assert job.lost.wait(10)
            with pytest.raises(LeaseLostError):
                job.check()
            job.progress(done=2)
            raise AssertionError("it went on")

        assert story.run(work).attempt == 2
        assert (story.row().done, story.ended) == (0, [Ended.LEASE_LOST])
