"""Contributions that look alike: found once when one is imported, looked up ever after.

Near copies are found by three indexed bands of their hashes (`models.data.fingerprint`), so that a
recording is compared with few others, however many there are.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import (
    BindParameter,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from backend.tables import Contribution, Fingerprint, NearCopy
from backend.tables.vocabulary import ContributionState
from models.data import fingerprint

_NEAR_COPIES_LOCK = 0x6E656172  # "near": a number of ours among PostgreSQL's advisory locks
_CHUNK = 500

_COMPARED = (
    ContributionState.PENDING,
    ContributionState.CHANGES_REQUESTED,
    ContributionState.APPROVED,
)
"""States of contributions to other submissions that count as the original of a duplicate."""

_BANDS = (Fingerprint.first_band, Fingerprint.second_band, Fingerprint.third_band)


class Duplicate(NamedTuple):
    """A contribution, another one that it duplicates, and whether their bytes are the same."""

    contribution_id: UUID
    other_id: UUID
    other_submission_id: UUID
    other_state: ContributionState
    is_exact: bool


def lock(session: Session) -> None:
    """Serialize searching, adding and deleting until this transaction ends; SQLite does so anyway.

    Two recordings that are imported at the same time would not see each other otherwise. Call it
    before a contribution is locked or deleted, so that nobody waits for this lock and holds
    a row that its owner needs.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_NEAR_COPIES_LOCK)))


def record(session: Session, contribution: Contribution) -> None:
    """Record a contribution's hashes and all its near copies, in place of those recorded before.

    Its row must be written. The lock is held until the transaction ends: call this last.
    """
    lock(session)
    session.execute(delete(Fingerprint).where(Fingerprint.contribution_id == contribution.id))
    of_it = or_(NearCopy.contribution_id == contribution.id, NearCopy.other_id == contribution.id)
    session.execute(delete(NearCopy).where(of_it))
    hashes = sorted(set(contribution.fingerprints))
    if not hashes:
        return
    pairs = [
        pair
        for other_id in _near(session, contribution, hashes)
        for pair in (
            {"contribution_id": contribution.id, "other_id": other_id},
            {"contribution_id": other_id, "other_id": contribution.id},
        )
    ]
    if pairs:
        session.execute(insert(NearCopy), pairs)
    session.execute(
        insert(Fingerprint),
        [
            {
                "contribution_id": contribution.id,
                "hash": number,
                "first_band": first,
                "second_band": second,
                "third_band": third,
            }
            for number, (first, second, third) in zip(
                fingerprint.to_int64(hashes).tolist(),
                fingerprint.bands(hashes).tolist(),
                strict=True,
            )
        ],
    )


def _near(session: Session, contribution: Contribution, hashes: Sequence[str]) -> Iterator[UUID]:
    """Ids of contributions with other bytes that look like this one, which has no hashes yet."""
    candidates = iter(_with_a_close_hash(session, hashes))
    while chunk := list(islice(candidates, _CHUNK)):
        query = select(Contribution.id, Contribution.fingerprints).where(
            Contribution.id.in_(chunk), Contribution.sha256 != contribution.sha256
        )
        for other_id, others in session.execute(query):
            apart = fingerprint.distance(contribution.fingerprints, others)
            if apart <= fingerprint.MAX_DUPLICATE_DISTANCE:
                yield other_id


def _with_a_close_hash(session: Session, hashes: Sequence[str]) -> set[UUID]:
    """Ids of contributions with a hash that is close to one of these."""
    found: set[UUID] = set()
    for column, values in zip(_BANDS, fingerprint.close_bands(hashes), strict=True):
        rows = session.execute(_in_band(column, values)).all()
        numbers = np.array([row.hash for row in rows], dtype=np.int64)
        is_close = fingerprint.close_hashes(hashes, numbers)
        found.update(
            row.contribution_id for row, close in zip(rows, is_close, strict=True) if close
        )
    return found


def _in_band(column: InstrumentedAttribute[int], values: Sequence[int]) -> Select[UUID, int]:
    """The rows with one of these values in a band.

    The values, two thousand numbers of ours, are part of the statement: as many parameters would
    take longer than the search.
    """
    one_of: BindParameter[Sequence[int]] = bindparam(
        "values", values, expanding=True, literal_execute=True
    )
    return select(Fingerprint.contribution_id, Fingerprint.hash).where(column.in_(one_of))


def duplicates(session: Session, submission_id: UUID) -> list[Duplicate]:
    """Everything that a submission's recordings duplicate, in it or elsewhere, oldest first."""
    own, other = aliased(Contribution), aliased(Contribution)
    counts = and_(
        own.submission_id == submission_id,
        own.id != other.id,
        or_(other.submission_id == submission_id, other.state.in_(_COMPARED)),
    )
    columns: tuple[Any, ...] = (own.id, other.id, other.submission_id, other.state)
    exact = select(*columns, literal(True), other.created_at).join(  # noqa: FBT003  # a column
        other, other.sha256 == own.sha256
    )
    near = (
        select(*columns, literal(False), other.created_at)  # noqa: FBT003  # a column
        .join(NearCopy, NearCopy.contribution_id == own.id)
        .join(other, other.id == NearCopy.other_id)
    )
    rows = session.execute(union_all(exact.where(counts), near.where(counts))).all()
    return [Duplicate(*row[:5]) for row in sorted(rows, key=lambda row: (row[5], row[1]))]
