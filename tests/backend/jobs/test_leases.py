"""Leases of every kind of job: an old holder's write never lands, and nothing waits for ever."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.db import Database, now
from backend.jobs import leases
from backend.jobs.kinds import FOLD, INGESTION, PREPARATION, RELEASING, SCREENING, UPLOAD
from backend.jobs.leases import LONGEST_AWAY, MOST_AWAY, SHORTEST_AWAY, JobKind, next_try
from backend.releases import queue as releases
from backend.reviews import lanes
from backend.screenings import repository as screenings
from backend.submissions.uploads import repository as arrivals
from backend.tables import Training, TrainingFold
from backend.trainings import queue as trainings
from tests.factories import create_recording, create_screening, create_user
from tests.factories_contributions import create_arrival, create_contribution, create_submission
from tests.factories_releases import create_release

STALE = timedelta(seconds=30)


def _screening(session: Session) -> None:
    create_screening(session, create_recording(session))


def _upload(session: Session) -> None:
    create_arrival(session)


def _contribution(session: Session) -> None:
    submission = create_submission(session, create_user(session))
    create_contribution(session, submission, state="pending", prep_state="queued")


def _approved(session: Session) -> None:
    submission = create_submission(session, create_user(session))
    create_contribution(
        session, submission, state="approved", final_label="healthy", ingest_state="queued"
    )


def _release(session: Session) -> None:
    create_release(session, state="queued")


def _training(session: Session) -> None:
    create_release(session)
    moment, user = now(), create_user(session, "admin")
    training = Training(
        release_number=1, settings={}, created_by=user.id, created_at=moment, nudged_at=moment
    )
    session.add(training)
    session.flush()
    session.add(TrainingFold(training_id=training.id, fold=0, nudged_at=moment))


Claim = Callable[[Session], Any]

KINDS: dict[str, tuple[JobKind, Callable[[Session], None], Claim]] = {
    "screening": (SCREENING, _screening, lambda s: screenings.claim_next(s, now())),
    "upload": (UPLOAD, _upload, lambda s: arrivals.claim_next(s, now())),
    "preparation": (
        PREPARATION,
        _contribution,
        lambda s: lanes.claim_next(s, PREPARATION, now()),
    ),
    "ingest": (INGESTION, _approved, lambda s: lanes.claim_next(s, INGESTION, now())),
    "release": (RELEASING, _release, lambda s: releases.claim_next(s, now())),
    "fold": (FOLD, _training, lambda s: trainings.claim_next(s, now())),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, database: Database) -> JobKind:
    """Each kind of job, of which one waits."""
    found, make, _ = KINDS[request.param]
    with database.write() as session:
        make(session)
        session.commit()
    return found


def claim(database: Database, kind: JobKind) -> tuple[Any, int] | None:
    """Key and attempt of what is claimed; None where nothing may be."""
    with database.write() as session:
        found = KINDS[kind.name][2](session)
        session.commit()
        if found is None:
            return None
        if kind is FOLD:
            return (found.training_id, found.fold), found.attempt
        return getattr(found, kind.key[0].key), kind.value(found, "attempt")


def claimed(database: Database, kind: JobKind) -> tuple[Any, int]:
    found = claim(database, kind)
    assert found is not None
    return found


def release(database: Database, kind: JobKind, lease: tuple[Any, int], **why: Any) -> bool:
    with database.write() as session:
        released = leases.release_lease(session, kind, *lease, now(), **why)
        session.commit()
    return released


def column(database: Database, kind: JobKind, key: Any, name: str) -> Any:
    with database.read() as session:
        return session.scalars(select(kind.column(name)).where(kind.has_key(key))).one()


def requeue(database: Database, kind: JobKind, after: timedelta) -> leases.RequeueResult:
    with database.write() as session:
        found = leases.requeue_expired(session, kind, now() + after, STALE, 3, lost={}, away={})
        session.commit()
    return found


def test_an_old_holders_write_never_lands_after_a_release_and_a_new_claim(
    database: Database, kind: JobKind
) -> None:
    """Released attempts were numbered again: the old holder's number came true."""
    key, old = claimed(database, kind)
    assert release(database, kind, (key, old))
    again, new = claimed(database, kind)

    assert (again, new) == (key, old + 1), "attempts only grow"
    with database.write() as session:
        values = kind.values(state="done")
        assert not leases.update_if_leased(session, kind, key, old, values)
        assert not leases.release_lease(session, kind, key, old, now())
        assert leases.update_if_leased(session, kind, key, new, values)


def test_a_release_costs_nothing_and_a_lost_worker_is_counted(
    database: Database, kind: JobKind
) -> None:
    for _ in range(5):
        assert release(database, kind, claimed(database, kind))
    for lost in (0, 1, 2):
        key, attempt = claimed(database, kind)
        assert (attempt, column(database, kind, key, "lost")) == (6 + lost, lost)
        found = requeue(database, kind, 2 * STALE)
        assert (key in found.notify, key in found.given_up) == (lost < 2, lost == 2)
    assert column(database, kind, key, "state") == "failed"


def test_what_found_something_away_waits_until_it_is_due_and_is_rung_for_then(
    database: Database, kind: JobKind
) -> None:
    key, attempt = claimed(database, kind)
    due_at = now() + timedelta(seconds=20)
    assert release(database, kind, (key, attempt), is_away=True, due_at=due_at)
    assert claim(database, kind) is None
    assert requeue(database, kind, timedelta(seconds=10)).notify == ()
    with database.read() as session:
        assert key in requeue(database, kind, timedelta(seconds=21)).notify
        first = column(database, kind, key, "away_since")
        assert session.scalars(
            select(kind.column("state")).where(kind.has_key(key), kind.is_due(due_at))
        ).one()
    assert first is not None


def test_what_is_away_for_too_long_fails_for_people_to_see(
    database: Database, kind: JobKind
) -> None:
    lease = claimed(database, kind)
    assert release(database, kind, lease, is_away=True)
    since = column(database, kind, lease[0], "away_since")
    assert requeue(database, kind, MOST_AWAY - STALE).given_up == ()
    assert requeue(database, kind, MOST_AWAY + STALE).given_up == (lease[0],)
    assert column(database, kind, lease[0], "state") == "failed"
    assert column(database, kind, lease[0], "away_since") == since


@pytest.mark.parametrize(
    ("waited", "distance"),
    [
        (timedelta(0), SHORTEST_AWAY),
        (timedelta(seconds=40), timedelta(seconds=40)),
        (timedelta(hours=3), LONGEST_AWAY),
    ],
)
def test_the_next_try_is_as_far_away_as_the_first_was_long_ago(
    waited: timedelta, distance: timedelta
) -> None:
    moment = now()
    since = None if not waited else moment - waited
    assert 0.75 * distance <= next_try(since, moment) - moment <= 1.25 * distance
