"""Whose turn it is: first come within a client, clients in turns, on SQLite and PostgreSQL."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.jobs.leases import Lease
from backend.screenings import repository as screenings
from backend.tables import Screening
from tests.factories import create_screening, prediction

SECOND = timedelta(seconds=1)


@pytest.fixture
def start() -> datetime:
    return utc_now() - timedelta(hours=1)


def ask(database: Database, line: str, since: datetime) -> dict[UUID, str]:
    """Queue one screening for each letter, a second apart; the letter is the client."""
    ids: dict[UUID, str] = {}
    with database.write() as session:
        for place, client in enumerate(line):
            queued_at = since + place * SECOND
            made = create_screening(session, client=client, queued_at=queued_at)
            ids[made.id] = f"{client}{line[: place + 1].count(client)}"
        session.commit()
    return ids


def lease_next(session: Session, now: datetime) -> Lease[Screening] | None:
    return leases.lease(session, SCREENING, now, turns=screenings.turns())


def leased(database: Database, now: datetime) -> Lease[Screening]:
    with database.write() as session:
        lease = lease_next(session, now)
        assert lease is not None
        session.commit()
    return lease


def answered(database: Database, now: datetime) -> UUID:
    """Lease what is next and answer it, in half a second."""
    lease = leased(database, now)
    with database.write() as session:
        columns = screenings.answer(prediction())
        leases.complete(session, lease, now + SECOND / 2, **columns)
        session.commit()
    return lease.row.id


def foreseen(database: Database) -> list[UUID]:
    with database.read() as session:
        return [each.id for each in screenings.waiting_in_turn(session)]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("aaa", "a1 a2 a3"),
        ("aaaab", "a1 b1 a2 a3 a4"),
        ("aaabbc", "a1 b1 c1 a2 b2 a3"),
        ("abcabc", "a1 b1 c1 a2 b2 c2"),
    ],
)
def test_clients_take_turns_in_the_order_foreseen(
    database: Database, start: datetime, line: str, order: str
) -> None:
    ids = ask(database, line, start)
    expected = foreseen(database)
    claimed = [answered(database, start + (10 + n) * SECOND) for n in range(len(line))]
    assert claimed == expected
    assert [ids[each] for each in claimed] == order.split()


def test_a_newcomer_is_next_however_many_wait(database: Database, start: datetime) -> None:
    ask(database, "a" * 50, start)
    for n in range(5):
        answered(database, start + (100 + n) * SECOND)
    ids = ask(database, "b", start + 200 * SECOND)
    assert leased(database, start + 201 * SECOND).key in ids


def test_a_newcomers_many_do_not_pass_everybody(database: Database, start: datetime) -> None:
    """Whoever was served before owes nothing: from now on they take turns."""
    ids = ask(database, "a" * 9, start)
    for n in range(5):
        answered(database, start + (10 + n) * SECOND)
    ids |= ask(database, "b" * 4, start + 20 * SECOND)
    claimed = [answered(database, start + (30 + n) * SECOND) for n in range(8)]
    assert [ids[each] for each in claimed] == ["b1", "a6", "b2", "a7", "b3", "a8", "b4", "a9"]


def test_one_that_lost_its_worker_keeps_its_place(database: Database, start: datetime) -> None:
    ids = ask(database, "aabb", start)
    lost = leased(database, start + 10 * SECOND).key
    with database.write() as session:
        leases.requeue_expired(session, SCREENING, start + 60 * SECOND, 30 * SECOND, 3)
        session.commit()
    assert ids[lost] == "a1"
    assert [ids[each] for each in foreseen(database)] == ["a1", "b1", "a2", "b2"]


def test_one_given_back_keeps_its_place(database: Database, start: datetime) -> None:
    ids = ask(database, "aabb", start)
    back = leased(database, start + 10 * SECOND)
    with database.write() as session:
        leases.release_lease(session, back, start + 11 * SECOND)
        session.commit()
    assert [ids[each] for each in foreseen(database)] == ["a1", "b1", "a2", "b2"]


def test_an_empty_line_has_no_next(database: Database) -> None:
    with database.write() as session:
        create_screening(session, status="running", attempt=1)
        assert lease_next(session, utc_now()) is None
