"""Near copies: what the check finds by its tables is what comparing with everything would find."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.submissions import near_copies, service, submit
from backend.submissions import repository as submissions
from backend.tables import Contribution, Fingerprint, NearCopy
from backend.tables.vocabulary import ContributionState
from models.data.fingerprint import FingerprintIndex
from tests.conftest import ANSWER_S
from tests.factories import create_user
from tests.factories_contributions import create_contribution, create_submission

LOOK = ["0123456789abcdef", "aaaaaaaaaaaaaaaa", "5555555555555555"]


@dataclass
class Sent:
    """A recording: whether it is in the draft that is checked, its state, content and hashes."""

    is_own: bool
    state: str
    sha256: str
    hashes: list[str]


@st.composite
def batches(draw: st.DrawFn) -> list[Sent]:
    """Recordings of which some are near copies of earlier ones, at the edge of the rule or not."""
    sent: list[Sent] = []
    for place in range(draw(st.integers(1, 8))):
        numbers = draw(st.lists(st.integers(0, 2**64 - 1), max_size=8))
        is_copy = draw(st.booleans())
        if sent and is_copy:
            copied = draw(st.sampled_from(sent)).hashes
            flips = st.sets(st.integers(0, 63), min_size=6, max_size=10)
            numbers = [int(each, 16) ^ sum(1 << bit for bit in draw(flips)) for each in copied]
            numbers = draw(st.permutations(numbers))[: draw(st.integers(0, 8))]
        same = draw(st.sampled_from([*range(place + 1)]))
        sent.append(
            Sent(
                is_own=draw(st.booleans()),
                state=draw(st.sampled_from([state.value for state in ContributionState])),
                sha256=f"{same:064x}",
                hashes=[f"{number:016x}" for number in numbers],
            )
        )
    return sent


def add(session: Session, submission_id: UUID | None = None, **changes: object) -> Contribution:
    """A contribution as an import leaves it; of a submission of its own where none is given."""
    if submission_id is not None:
        changes["submission"] = submissions.get_locked(session, submission_id)
    row = create_contribution(session, **changes)  # type: ignore[arg-type]  # its columns
    near_copies.record(session, row)
    return row


Found = list[tuple[UUID, str, UUID | None, str]]


def by_comparing(own: list[Contribution], others: list[Contribution]) -> Found:
    """What the check should find: every recording compared with every other."""
    rows = own + [row for row in others if row.state not in ("draft", "withdrawn", "rejected")]
    known = FingerprintIndex([row.fingerprints for row in rows])
    found: Found = []
    for place, one in enumerate(own):
        exact = {n for n, row in enumerate(rows) if row.sha256 == one.sha256}
        for n in sorted(exact | set(known.similar(one.fingerprints))):
            if n < place or n >= len(own):
                of = "batch" if n < place else "queue"
                of = "dataset" if n >= len(own) and rows[n].state == "approved" else of
                other_id = rows[n].id if of == "batch" else None
                found.append((one.id, of, other_id, "exact" if n in exact else "near"))
    return found


@given(batches())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_check_finds_what_comparing_with_everything_would(
    database: Database, sent: list[Sent]
) -> None:
    start = utc_now()
    with database.write() as session:
        user = create_user(session)
        draft = create_submission(session, user)
        rows = [
            add(
                session,
                draft.id if each.is_own else None,
                state=each.state,
                sha256=each.sha256,
                fingerprints=each.hashes,
                created_at=start + timedelta(seconds=place),
            )
            for place, each in enumerate(sent)
        ]
        own = [row for row in rows if row.submission_id == draft.id]
        others = [row for row in rows if row.submission_id != draft.id]
        found = submit.check(session, user, draft.id).duplicates
        session.rollback()
    said = [(each.contribution_id, each.of, each.other_id, each.kind) for each in found]
    wanted = by_comparing(own, others)
    places = {row.id: place for place, row in enumerate(own)}
    assert [each[0] for each in said] == sorted((each[0] for each in said), key=places.__getitem__)
    assert sorted(said, key=str) == sorted(wanted, key=str)


class TestRecord:
    def test_takes_the_place_of_what_was_recorded_before(self, database: Database) -> None:
        with database.write() as session:
            one, other = (add(session, fingerprints=LOOK) for _ in range(2))
            assert set(session.scalars(select(NearCopy.other_id))) == {one.id, other.id}
            other.fingerprints = ["f" * 16]
            session.flush()
            near_copies.record(session, other)
            assert session.scalars(select(NearCopy.other_id)).all() == []
            hashes = session.scalars(
                select(Fingerprint.hash).where(Fingerprint.contribution_id == other.id)
            )
            assert hashes.all() == [-1]

    def test_pairs_nothing_by_its_bytes_alone(self, database: Database) -> None:
        with database.write() as session:
            for _ in range(2):
                add(session, sha256="a" * 64, fingerprints=LOOK)
            assert session.scalars(select(NearCopy)).all() == []

    def test_goes_with_its_contribution(self, database: Database) -> None:
        with database.write() as session:
            user = create_user(session)
            draft = create_submission(session, user)
            add(session, fingerprints=LOOK)
            own = add(session, draft.id, state="draft", fingerprints=LOOK)
            service.delete_contribution(session, user, own.id)
            assert session.scalars(select(NearCopy)).all() == []
            assert session.scalars(select(func.count()).select_from(Fingerprint)).one() == 3
            add(session, draft.id, state="draft", fingerprints=LOOK)
            assert len(session.scalars(select(NearCopy)).all()) == 2
            service.delete(session, user, draft.id)
            assert session.scalars(select(NearCopy)).all() == []


@pytest.mark.parametrize("then", ["import", "deletion"])
def test_what_happens_at_the_same_time_waits_until_a_recording_is_written(
    database: Database, then: str
) -> None:
    """Of two imports the second finds the first; and nobody deletes what one is being paired with.

    On SQLite a writing transaction is alone anyway.
    """
    with database.write() as session:
        user = create_user(session)
        draft, elsewhere = (create_submission(session, user) for _ in range(2))
        row = add(session, draft.id, state="draft", fingerprints=LOOK)
        session.commit()

    def other() -> None:
        with database.write() as session:
            if then == "import":
                add(session, draft.id, state="draft", fingerprints=LOOK)
            else:
                service.delete(session, user, draft.id)
            session.commit()

    with ThreadPoolExecutor(1) as pool, database.write() as mine:
        new = add(mine, elsewhere.id, state="draft", fingerprints=LOOK)
        second = pool.submit(other)
        with pytest.raises(TimeoutError):
            second.result(0.5)
        mine.commit()
        second.result(ANSWER_S)
    with database.read() as session:
        found = submit.check(session, user, elsewhere.id).duplicates
        pairs = set(session.execute(select(NearCopy.contribution_id, NearCopy.other_id)))
    assert found == []  # those of other drafts do not count
    assert len(pairs) == (6 if then == "import" else 0)
    assert ((new.id, row.id) in pairs) == (then == "import")
