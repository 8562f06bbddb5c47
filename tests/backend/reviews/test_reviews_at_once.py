"""Many reviewers at the same queue, on the database that lets them: nothing is decided twice."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from backend.tables import AuditEvent, Contribution, Review
from tests.backend.reviews.reviewing import (
    APPROVE,
    REJECT,
    claim,
    give,
    reviews,
    row,
    submitted,
    undo,
)
from tests.conftest import Api, SignedIn

READERS = 20
RECORDINGS = 60

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def pair(api: Api, sign_in: Callable[..., SignedIn]) -> list[SignedIn]:
    return [sign_in(api, "reviewer") for _ in range(2)]


@pytest.fixture
def readers(api: Api, sign_in: Callable[..., SignedIn]) -> list[SignedIn]:
    return [sign_in(api, "reviewer") for _ in range(READERS)]


def together(*works: Callable[[], int]) -> list[int]:
    """What each returns; all of them begin at the same instant."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], int]) -> int:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def work_off(reader: SignedIn) -> int:
    """Take and approve until nothing is left; how many it was."""
    done = 0
    while (taken := reader.client.post("/reviews/next", json={})).status_code == 200:
        answered = give(reader, UUID(taken.json()["id"]), **APPROVE)
        assert answered.status_code == 201, answered.text
        done += 1
    assert taken.status_code == 204, taken.text
    return done


def status_of_claim(reader: SignedIn, contribution: UUID) -> int:
    return claim(reader, contribution).status_code


def test_twenty_reviewers_decide_everything_once(api: Api, readers: list[SignedIn]) -> None:
    for _ in range(RECORDINGS):
        submitted(api)
    done = together(*(partial(work_off, reader) for reader in readers))
    assert sum(done) == RECORDINGS
    with api.database.read() as session:
        by_recording = Counter(session.scalars(select(Review.contribution_id)))
        states = set(session.scalars(select(Contribution.state)))
        log = Counter(session.scalars(select(AuditEvent.action)))
    assert len(by_recording) == RECORDINGS
    assert set(by_recording.values()) == {1}
    assert states == {"approved"}
    assert log == {
        "reviews.claimed": RECORDINGS,
        "reviews.submitted": RECORDINGS,
        "reviews.approved": RECORDINGS,
    }


def test_twenty_reviewers_and_two_readings_each(
    start_api: Callable[..., Api], api: Api, sign_in: Callable[..., SignedIn]
) -> None:
    both = start_api(database_url=api.settings.database_url, reviews_needed=2)
    readers = [sign_in(both, "reviewer") for _ in range(READERS)]
    for _ in range(RECORDINGS // 3):
        submitted(both)
    done = together(*(partial(work_off, reader) for reader in readers))
    # Whoever finds everything claimed goes home; the rest is done by those who stay.
    done += [work_off(reader) for reader in readers]
    assert sum(done) == 2 * (RECORDINGS // 3)
    with both.database.read() as session:
        readings = session.execute(
            select(
                Review.contribution_id, func.count(), func.count(Review.reviewer_id.distinct())
            ).group_by(Review.contribution_id)
        ).all()
        assert set(session.scalars(select(Contribution.state))) == {"approved"}
    assert {(number, people) for _, number, people in readings} == {(2, 2)}


def test_one_recording_is_claimed_by_one(api: Api, readers: list[SignedIn]) -> None:
    contribution = submitted(api)
    answers = together(*(partial(status_of_claim, reader, contribution) for reader in readers))
    assert Counter(answers) == {200: 1, 409: READERS - 1}


def test_two_approvals_at_the_same_instant_count_once(api: Api, pair: list[SignedIn]) -> None:
    reader = pair[0]
    for _ in range(5):
        contribution = submitted(api)
        claim(reader, contribution)
        before = reviews(api)
        answers = together(
            *[lambda: give(reader, contribution, **APPROVE).status_code] * 4  # noqa: B023
        )
        assert Counter(answers) == {201: 1, 409: 3}
        assert reviews(api) == before + 1
        assert row(api, contribution).deidentify_state == "queued"


def test_approval_and_withdrawal_at_the_same_instant(api: Api, pair: list[SignedIn]) -> None:
    """Whoever is first wins, and the other one's change is not half there."""

    def withdraw(contribution: UUID) -> int:
        with api.database.write() as session:
            changed = session.execute(
                update(Contribution)
                .where(Contribution.id == contribution, Contribution.state != "withdrawn")
                .values(state="withdrawn")
            )
            session.commit()
        return int(changed.rowcount)  # type: ignore[attr-defined]

    reader = pair[0]
    for _ in range(5):
        contribution = submitted(api)
        claim(reader, contribution)
        answered, withdrawn = together(
            lambda: give(reader, contribution, **APPROVE).status_code,  # noqa: B023
            lambda: withdraw(contribution),  # noqa: B023
        )
        assert withdrawn == 1
        assert answered in (201, 409)
        found = row(api, contribution)
        assert found.state == "withdrawn"
        assert (found.final_label is None) == (answered == 409)


def test_undo_and_a_second_verdict_at_the_same_instant(api: Api, pair: list[SignedIn]) -> None:
    first, second = pair
    contribution = submitted(api)
    claim(first, contribution)
    given = give(first, contribution, **APPROVE).json()

    def again() -> int:
        answered = claim(second, contribution)
        return give(second, contribution, **REJECT).status_code if answered.is_success else 409

    undone, judged = together(lambda: undo(first, given).status_code, again)
    assert undone == 204
    # The undo gives the recording back to its author, so that the other one comes too late.
    assert judged == 409
    assert row(api, contribution).state == "pending"
