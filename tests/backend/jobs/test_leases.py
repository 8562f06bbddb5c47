"""The one queue, on SQLite and PostgreSQL: what holds for every kind of job is proved here once."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.jobs import leases
from backend.jobs.kinds import (
    ASSEMBLY,
    CHECKING,
    DEIDENTIFICATION,
    DELIVERY,
    FOLD,
    OF_TRAINERS,
    OF_WORKERS,
    PREVIEWS,
    RELEASING,
    SCREENING,
    UPLOAD,
)
from backend.jobs.leases import (
    LONGEST_AWAY,
    MOST_AWAY,
    SHORTEST_AWAY,
    Failure,
    JobKind,
    Lease,
    LeaseLostError,
    next_try,
)
from backend.tables import Check, Contribution, Delivery, Training, TrainingFold
from backend.tables.leases import LeaseMixin
from tests.factories import create_recording, create_screening, create_user
from tests.factories_contributions import create_contribution, create_submission, create_upload
from tests.factories_releases import create_release

STALE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)

Kind = JobKind[Any]
Make = Callable[[Session, int, datetime], Any]
"""Adds a row that waits since a moment, the n-th of its kind."""


def _screening(session: Session, _n: int, since: datetime) -> Any:
    recording = create_recording(session)
    return create_screening(session, recording, queued_at=since, notified_at=since)


def _upload(session: Session, _n: int, since: datetime) -> Any:
    return create_upload(session, queued_at=since, notified_at=since)


def _submitted(session: Session, _n: int, since: datetime) -> Any:
    return create_contribution(
        session,
        create_submission(session, create_user(session)),
        state="pending",
        submitted_at=since,
        previews_state="queued",
        previews_notified_at=since,
    )


def _approved(session: Session, _n: int, since: datetime) -> Any:
    return create_contribution(
        session,
        create_submission(session, create_user(session)),
        state="approved",
        final_label="healthy",
        decided_at=since,
        deidentify_state="queued",
        deidentify_notified_at=since,
    )


def _release(session: Session, n: int, since: datetime) -> Any:
    return create_release(session, n, state="queued", notified_at=since, finished_at=None)


def _training(session: Session, n: int, since: datetime) -> Training:
    """One without folds, which are therefore all done."""
    if n == 1:
        create_release(session)
    training = Training(
        release_number=1,
        settings={},
        created_by=create_user(session, "admin").id,
        created_at=since,
        assembly_notified_at=since,
    )
    session.add(training)
    session.flush()
    return training


def _fold(session: Session, n: int, since: datetime) -> TrainingFold:
    training = _training(session, n, since)
    fold = TrainingFold(training_id=training.id, fold=n, notified_at=since)
    session.add(fold)
    session.flush()
    return fold


def _check(session: Session, n: int, since: datetime) -> Any:
    check = Check(under_way=True if n == 1 else None, created_at=since, notified_at=since)
    session.add(check)
    session.flush()
    return check


def _delivery(session: Session, _n: int, since: datetime) -> Any:
    screening = create_screening(session, create_recording(session))
    delivery = Delivery(
        screening_id=screening.id, peer="pacs", created_at=since, queued_at=since, notified_at=since
    )
    session.add(delivery)
    session.flush()
    return delivery


MAKE: dict[str, tuple[Kind, Make]] = {
    kind.name: (kind, make)
    for kind, make in (
        (SCREENING, _screening),
        (UPLOAD, _upload),
        (PREVIEWS, _submitted),
        (DEIDENTIFICATION, _approved),
        (RELEASING, _release),
        (FOLD, _fold),
        (ASSEMBLY, _training),
        (CHECKING, _check),
        (DELIVERY, _delivery),
    )
}


@pytest.fixture(params=MAKE)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of job."""
    return MAKE[request.param][0]


@pytest.fixture
def some(database: Database, kind: Kind) -> Callable[..., list[Any]]:
    """Adds rows that wait, a second apart; their keys, the oldest first."""

    def make(count: int = 1, *, since: datetime | None = None) -> list[Any]:
        oldest = since or utc_now() - SECOND
        with database.write() as session:
            rows = [MAKE[kind.name][1](session, n + 1, oldest + n * SECOND) for n in range(count)]
            session.commit()
            keys = [tuple(getattr(row, column.key) for column in kind.key) for row in rows]
        return [key if len(kind.key) > 1 else key[0] for key in keys]

    return make


def lease(database: Database, kind: Kind, **more: Any) -> Lease[Any] | None:
    with database.write() as session:
        found = leases.lease(session, kind, utc_now(), **more)
        session.commit()
    return found


def leased(database: Database, kind: Kind) -> Lease[Any]:
    found = lease(database, kind)
    assert found is not None
    return found


def write(database: Database, operation: Callable[..., None], *arguments: Any, **more: Any) -> None:
    with database.write() as session:
        operation(session, *arguments, **more)
        session.commit()


def requeue(database: Database, kind: Kind, after: timedelta, **more: Any) -> leases.RequeueResult:
    with database.write() as session:
        found = leases.requeue_expired(session, kind, utc_now() + after, STALE, 3, **more)
        session.commit()
    return found


def column(database: Database, kind: Kind, key: Any, name: str) -> Any:
    with database.read() as session:
        return session.scalars(select(kind.column(name)).where(kind.has_key(key))).one()


def row_of(database: Database, kind: Kind, key: Any) -> dict[str, Any]:
    """All that the table has of a row."""
    with database.read() as session:
        found = session.get_one(kind.table, key)
        columns = [each for each in inspect(kind.table).column_attrs if not each.deferred]
        return {column.key: getattr(found, column.key) for column in columns}


def why_of(kind: Kind, row: dict[str, Any]) -> str | None:
    """What people are told of a failure."""
    (name,) = kind.error_columns(None).keys() - {"error_code"}
    told: str | None = row[name]
    return told


class TestKinds:
    def test_every_one_is_tested_here(self) -> None:
        assert {each.name for each in (*OF_WORKERS, *OF_TRAINERS)} == set(MAKE)

    def test_have_the_columns_of_a_lease_under_their_prefix(self, kind: Kind) -> None:
        for name in LeaseMixin.__annotations__:
            found, meant = kind.column(name), getattr(Check, name)
            assert type(found.type) is type(meant.type), name


class TestLease:
    def test_counts_the_attempt_and_begins_with_a_heartbeat(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        before = utc_now()
        first = leased(database, kind)
        assert (first.key, first.attempt, first.away_since) == (key, 1, None)
        assert kind.value(first.row, "state") == "running"
        assert kind.value(first.row, "heartbeat_at") >= before
        assert lease(database, kind) is None, "somebody has it"

    def test_follows_the_kinds_order(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        keys = some(4)
        assert [leased(database, kind).key for _ in keys] == keys

    def test_follows_the_turns_that_are_given(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        keys = some(3)
        turns = select(*kind.key).order_by(*(each.desc() for each in kind.order))
        found = [lease(database, kind, turns=turns) for _ in keys]
        assert [each.key for each in found if each] == keys[::-1]

    def test_of_many_at_once_gives_each_row_to_one(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        keys = some(5)
        at_once = threading.Barrier(6)
        won: list[Any] = []

        def compete() -> None:
            at_once.wait(20)
            while (found := lease(database, kind)) is not None:
                won.append(found.key)

        threads = [threading.Thread(target=compete) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(won) == Counter(keys)

    def test_leaves_out_what_another_transaction_is_leasing(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        if database.engine.dialect.name != "postgresql":
            pytest.skip("on SQLite a writing transaction is alone")
        keys = some(2)
        with database.write() as one, database.write() as other:
            found = [leases.lease(each, kind, utc_now()) for each in (one, other)]
            assert [each.key for each in found if each] == keys

    def test_of_one_row_is_refused_where_it_is_not_queued(self, database: Database) -> None:
        with database.write() as session:
            screening = create_screening(session)
            assert leases.lease_this(session, SCREENING, screening.id, utc_now()) is not None
            assert leases.lease_this(session, SCREENING, screening.id, utc_now()) is None
            assert leases.lease_this(session, SCREENING, uuid4(), utc_now()) is None

    def test_of_a_screening_keeps_its_first_start(self, database: Database) -> None:
        with database.write() as session:
            create_screening(session)
            session.commit()
        first = leased(database, SCREENING).row.started_at
        assert first is not None
        requeue(database, SCREENING, 2 * STALE)
        again = leased(database, SCREENING)
        assert (again.attempt, again.row.started_at) == (2, first)


class TestFence:
    def test_nothing_that_an_earlier_holder_writes_lands(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        """Also after a release: numbered again, the old holder's number would come true."""
        (key,) = some()
        old = leased(database, kind)
        write(database, leases.release_lease, old, utc_now())
        new = leased(database, kind)
        assert (new.key, new.attempt) == (key, old.attempt + 1), "attempts only grow"
        before = row_of(database, kind, key)
        assert_refused(database, old)
        assert row_of(database, kind, key) == before
        write(database, leases.renew, new, utc_now())

    def test_an_outcome_is_written_once(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine = leased(database, kind)
        write(database, leases.complete, mine, utc_now())
        assert_refused(database, mine)
        assert column(database, kind, mine.key, "state") == "done"

    def test_a_row_that_is_gone_is_a_lost_lease(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine = leased(database, kind)
        write(
            database,
            lambda session: session.execute(delete(kind.table).where(kind.has_key(mine.key))),
        )
        assert_refused(database, mine)

    @pytest.mark.parametrize(
        "kind", ["previews", "deidentification", "fold", "assembly"], indirect=True
    )
    def test_a_row_that_nobody_wants_any_more_is_a_lost_lease_and_never_leased(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some(2)
        mine = leased(database, kind)
        table, state = (
            (Training, "cancelled") if kind in OF_TRAINERS else (Contribution, "withdrawn")
        )
        write(database, lambda session: session.execute(update(table).values(state=state)))
        assert_refused(database, mine)
        assert lease(database, kind) is None
        assert requeue(database, kind, 2 * STALE) == leases.RequeueResult((), ())

    def test_queued_anew_it_is_lost_to_whoever_had_it(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        mine = leased(database, kind)
        with database.write() as session:
            leases.enqueue(session, kind, session.get_one(kind.table, key), utc_now())
            session.commit()
            assert session.info["notifications"] == [(kind.task, (kind.text(key),))]
        assert_refused(database, mine)
        assert leased(database, kind).attempt == mine.attempt + 2


def assert_refused(database: Database, lost: Lease[Any]) -> None:
    """No operation of a holder is taken."""
    operations: tuple[Callable[[Session], None], ...] = (
        lambda session: leases.renew(session, lost, utc_now()),
        lambda session: leases.progress(session, lost, utc_now()),
        lambda session: leases.complete(session, lost, utc_now()),
        lambda session: leases.fail(session, lost, Failure("late"), utc_now()),
        lambda session: leases.release_lease(session, lost, utc_now()),
    )
    for operation in operations:
        with database.write() as session, pytest.raises(LeaseLostError):
            operation(session)


class TestOutcome:
    def test_progress_is_a_heartbeat(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine, later = leased(database, kind), utc_now() + timedelta(seconds=9)
        write(database, leases.progress, mine, later, **kind.values(lost=2))
        assert column(database, kind, mine.key, "heartbeat_at") == later
        assert column(database, kind, mine.key, "lost") == 2

    def test_done_is_written_with_its_columns_and_the_end(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine, moment = leased(database, kind), utc_now()
        write(database, leases.complete, mine, moment, **kind.values(lost=1))
        found = row_of(database, kind, mine.key)
        assert found.items() >= {**kind.values(state="done", lost=1), **kind.ended(moment)}.items()

    def test_a_failure_is_written_with_its_sentence_and_the_end(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine, moment = leased(database, kind), utc_now()
        write(database, leases.fail, mine, Failure("It " + 600 * "x", "too_slow"), moment)
        found = row_of(database, kind, mine.key)
        why = why_of(kind, found)
        assert why == ("It " + 600 * "x")[:500]
        assert found.get("error_code") in ("too_slow", None)
        assert found.items() >= {**kind.values(state="failed"), **kind.ended(moment)}.items()

    def test_done_after_a_failure_tells_of_no_error(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        write(database, leases.fail, leased(database, kind), Failure("No."), utc_now())
        with database.write() as session:
            leases.enqueue(session, kind, session.get_one(kind.table, key), utc_now())
            session.commit()
        write(database, leases.complete, leased(database, kind), utc_now())
        found = row_of(database, kind, key)
        assert not [name for name in found if "error" in name and found[name] is not None]


class TestLostWorker:
    def test_costs_one_attempt_and_three_are_enough(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        for _ in range(5):
            write(database, leases.release_lease, leased(database, kind), utc_now())
        for lost in (0, 1, 2):
            mine = leased(database, kind)
            assert mine.attempt == 6 + lost
            assert column(database, kind, key, "lost") == lost, "a release costs nothing"
            found = requeue(database, kind, 2 * STALE)
            assert (found.notify, found.given_up) == (((key,), ()) if lost < 2 else ((), (key,)))
        failed = row_of(database, kind, key)
        why = why_of(kind, failed)
        assert why == kind.lost.message.format(lost=3)
        assert failed[f"{kind.prefix}state"] == "failed"

    def test_is_one_without_a_heartbeat_for_too_long(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        some()
        mine = leased(database, kind)
        assert requeue(database, kind, STALE / 2) == leases.RequeueResult((), ())
        write(database, leases.renew, mine, utc_now() + STALE)
        assert requeue(database, kind, STALE + SECOND) == leases.RequeueResult((), ())
        assert requeue(database, kind, 2 * STALE + SECOND).notify == (mine.key,)


class TestDependencyAway:
    def test_the_row_waits_until_it_is_due_and_is_announced_then(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        due_at = utc_now() + timedelta(seconds=20)
        away = {"is_away": True, "due_at": due_at}
        write(database, leases.release_lease, leased(database, kind), utc_now(), **away)
        assert column(database, kind, key, "away_since") is not None
        assert column(database, kind, key, "lost") == 0
        assert lease(database, kind) is None
        assert requeue(database, kind, timedelta(seconds=10)).notify == ()
        assert requeue(database, kind, timedelta(seconds=21)).notify == (key,)
        with database.write() as session:
            assert leases.lease(session, kind, due_at) is not None

    def test_for_too_long_is_a_failure_for_people_to_see(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        since = None
        for _ in range(2):
            write(database, leases.release_lease, leased(database, kind), utc_now(), is_away=True)
            assert since in (None, column(database, kind, key, "away_since")), "the first counts"
            since = column(database, kind, key, "away_since")
        assert requeue(database, kind, MOST_AWAY - STALE).given_up == ()
        assert requeue(database, kind, MOST_AWAY + STALE).given_up == (key,)
        failed = row_of(database, kind, key)
        why = why_of(kind, failed)
        assert (failed[f"{kind.prefix}state"], why) == ("failed", kind.away.message)

    def test_is_forgotten_once_the_job_went_on(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        write(database, leases.release_lease, leased(database, kind), utc_now(), is_away=True)
        write(database, leases.release_lease, leased(database, kind), utc_now())
        assert column(database, kind, key, "away_since") is None

    @pytest.mark.parametrize(
        ("waited", "distance"),
        [
            (timedelta(0), SHORTEST_AWAY),
            (timedelta(seconds=40), timedelta(seconds=40)),
            (timedelta(hours=3), LONGEST_AWAY),
        ],
    )
    def test_the_next_try_is_as_far_away_as_the_first_was_long_ago(
        self, waited: timedelta, distance: timedelta
    ) -> None:
        moment = utc_now()
        since = None if not waited else moment - waited
        assert 0.75 * distance <= next_try(since, moment) - moment <= 1.25 * distance


class TestLostMessage:
    def test_the_first_in_turn_are_announced_first_and_not_all_at_once(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        keys = some(5, since=utc_now() - timedelta(minutes=9))
        assert set(requeue(database, kind, SECOND, notify_at_most=3).notify) == set(keys[:3])
        assert set(requeue(database, kind, SECOND, notify_at_most=3).notify) == set(keys[3:])
        assert requeue(database, kind, SECOND).notify == ()

    def test_what_was_just_announced_is_not_announced_again(
        self, database: Database, kind: Kind, some: Callable[..., list[Any]]
    ) -> None:
        (key,) = some()
        assert requeue(database, kind, STALE / 2).notify == ()
        later = {"notify_after": 4 * STALE}
        assert requeue(database, kind, 2 * STALE, **later).notify == ()
        assert requeue(database, kind, 5 * STALE, **later).notify == (key,)

    def test_a_fold_waits_for_the_end_of_another_of_its_training(self, database: Database) -> None:
        long_ago = utc_now() - timedelta(hours=1)
        with database.write() as session:
            fold = _fold(session, 1, long_ago)
            other = TrainingFold(training_id=fold.training_id, fold=2, notified_at=long_ago)
            session.add(other)
            session.commit()
        first = leased(database, FOLD)
        assert requeue(database, FOLD, SECOND).notify == ()
        write(database, leases.complete, first, utc_now())
        assert requeue(database, FOLD, SECOND).notify == ((fold.training_id, 2),)


def test_is_waiting_names_a_row_that_may_be_leased(
    database: Database, kind: Kind, some: Callable[..., list[Any]]
) -> None:
    with database.read() as session:
        assert leases.is_waiting(session, kind, utc_now()) is None
    (key,) = some()
    with database.read() as session:
        assert leases.is_waiting(session, kind, utc_now()) == key
    leased(database, kind)
    with database.read() as session:
        assert leases.is_waiting(session, kind, utc_now()) is None
