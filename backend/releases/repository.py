"""Every query about releases: what goes in, what is shown."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from backend.core.pagination import Keyset, Page
from backend.releases.contents import Content, Tally, difference
from backend.releases.folds import FOLDS
from backend.tables import (
    ArchivePart,
    Contribution,
    FoldAssignment,
    LabelReport,
    Release,
    ReleaseItem,
    Submission,
)
from backend.tables.releases import Difference, Facts, ItemFiles, Summary
from backend.tables.vocabulary import ContributionState, JobState, Label, Probe

_RELEASE_LOCK = 0x72656C65617365  # "release": a number of ours among PostgreSQL's advisory locks
_UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)
_REMOVED = (ContributionState.WITHDRAWN, ContributionState.REJECTED)
_COUNTS = (*_UNDER_WAY, JobState.DONE)
_IS_REMOVED = ReleaseItem.removed == true()  # as the index has it


BATCH = 500
"""Rows that are read at a time where all of a release are needed."""


# Reading.


def get(session: Session, number: int) -> Release | None:
    """The release with this number."""
    return session.get(Release, number)


def diff(session: Session, number: int) -> Difference | None:
    """What has changed in a finished release since the one before; it may name every recording."""
    return session.scalars(select(Release.diff).where(Release.number == number)).one()


def page(
    session: Session, cursor: str | None, limit: int, *, every_state: bool = False
) -> Page[Release]:
    """Releases with the newest first; only finished ones, or every one."""
    query = select(Release)
    if not every_state:
        query = query.where(Release.state == JobState.DONE)
    return Keyset(Release.number, descending=True).page(session, query, cursor, limit)


def last_done(session: Session, below: int | None = None) -> Release | None:
    """The newest finished release, optionally below a number."""
    query = select(Release).where(Release.state == JobState.DONE)
    if below is not None:
        query = query.where(Release.number < below)
    return session.scalars(query.order_by(Release.number.desc()).limit(1)).first()


def under_way(session: Session) -> Release | None:
    """The release that is being built, if any."""
    return session.scalars(select(Release).where(Release.state.in_(_UNDER_WAY))).first()


def items(session: Session, number: int) -> Sequence[ReleaseItem]:
    """All items of a release by id, with their contributions, whose state tells of withdrawal."""
    return session.scalars(_items(number).order_by(ReleaseItem.contribution_id)).all()


def items_page(
    session: Session,
    number: int,
    cursor: str | None,
    limit: int,
    *,
    label: Label | None = None,
    probe: Probe | None = None,
) -> Page[ReleaseItem]:
    """The same a page at a time, of all labels and probes or of those given."""
    query = _items(number)
    if label is not None:
        query = query.where(ReleaseItem.label == label)
    if probe is not None:
        query = query.where(ReleaseItem.probe == probe)
    return Keyset(ReleaseItem.contribution_id).page(session, query, cursor, limit)


def _items(number: int) -> Select[ReleaseItem]:
    # Their contributions follow in a statement of their own: joined, PostgreSQL would go through
    # all of these up to the page's first.
    return (
        select(ReleaseItem)
        .where(ReleaseItem.release_number == number)
        .options(selectinload(ReleaseItem.contribution))
    )


def whole_items(session: Session, number: int) -> Iterator[ReleaseItem]:
    """All items of a release by id, read `BATCH` at a time, without their contributions."""
    query = select(ReleaseItem).where(ReleaseItem.release_number == number)
    for rows in _batches(session, query, BATCH):
        for (row,) in rows:
            yield row


def _batches(
    session: Session, query: Select[*tuple[Any, ...]], size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query on a release's items, by id, `size` at a time."""
    last: UUID | None = None
    query = query.add_columns(ReleaseItem.contribution_id.label("at"))
    query = query.order_by(ReleaseItem.contribution_id).limit(size)
    while True:
        after = query if last is None else query.where(ReleaseItem.contribution_id > last)
        rows = session.execute(after).all()
        if rows:
            yield [row[:-1] for row in rows]
        if len(rows) < size:
            return
        last = rows[-1].at


def item(session: Session, number: int, contribution_id: UUID) -> ReleaseItem | None:
    """One item with its contribution."""
    return session.get(
        ReleaseItem, (number, contribution_id), options=[joinedload(ReleaseItem.contribution)]
    )


def is_removed(contribution: Contribution) -> bool:
    """Whether it must no longer be shown: withdrawn, or rejected after a report."""
    return contribution.state in _REMOVED


def removed_ids(session: Session, number: int) -> list[UUID]:
    """Ids of recordings that were withdrawn or rejected since the release."""
    return list(
        session.scalars(
            select(ReleaseItem.contribution_id)
            .where(ReleaseItem.release_number == number, _IS_REMOVED)
            .order_by(ReleaseItem.contribution_id)
        )
    )


def contents(session: Session, number: int | None) -> Iterator[Content]:
    """A release's recordings as they are counted and compared, by id; none for None."""
    if number is None:
        return
    sampled = func.json_array_length(ReleaseItem.files["frames"])
    frames = case((ReleaseItem.files.is_(None), Contribution.dataset_frames), else_=sampled)
    query = (
        select(
            ReleaseItem.contribution_id,
            ReleaseItem.group_key,
            ReleaseItem.label,
            ReleaseItem.probe,
            Contribution.kind,
            frames.label("frames"),
            ReleaseItem.row,
            ReleaseItem.left_out,
        )
        .join(ReleaseItem.contribution)
        .where(ReleaseItem.release_number == number)
    )
    for rows in _batches(session, query, BATCH):
        for row in rows:
            yield Content(*row)


def figures(session: Session, number: int) -> tuple[Summary, Difference]:
    """A release's summary, and its difference to the previous finished one."""
    before = last_done(session, number)
    since = None if before is None else before.number
    tally = Tally()
    current = tally.counted(contents(session, number))
    changes = difference(contents(session, since), current, since)
    return tally.summary(), changes


def released_ids(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those of the contributions whose published files a release serves."""
    query = (
        select(ReleaseItem.contribution_id)
        .join(ReleaseItem.release)
        .join(ReleaseItem.contribution)
        .where(
            ReleaseItem.contribution_id.in_(ids),
            Release.state.in_(_COUNTS),
            Contribution.state != ContributionState.WITHDRAWN,
        )
    )
    return set(session.scalars(query))


def file_keys(session: Session) -> set[str]:
    """Storage keys of the files at the top level of all releases."""
    return {file.key for top in session.scalars(select(Release.files)) for file in top.files}


# Archives.


@dataclass(frozen=True, slots=True)
class PartItem:
    """A recording in a release: its files, and whether it was removed since."""

    contribution_id: UUID
    files: ItemFiles | None
    removed: bool


_PART_ITEM = select(ReleaseItem.contribution_id, ReleaseItem.files, ReleaseItem.removed)


def archive_parts(session: Session, number: int) -> Sequence[Row[UUID, int, int, int, str, str]]:
    """The stored parts of a release's archive, in their order: all columns but the number."""
    stored = ArchivePart.__table__.c  # there are many, and as objects they would take longer
    return session.execute(
        select(
            stored.first_id,
            stored.members,
            stored.bytes,
            stored.directory_bytes,
            stored.digest,
            stored.withdrawn,
        )
        .where(stored.release_number == number)
        .order_by(stored.first_id)
    ).all()


def part_items(session: Session, number: int, first: UUID, end: UUID | None) -> list[PartItem]:
    """A release's recordings with ids from `first` up to but not including `end`."""
    query = _PART_ITEM.where(
        ReleaseItem.release_number == number, ReleaseItem.contribution_id >= first
    )
    if end is not None:
        query = query.where(ReleaseItem.contribution_id < end)
    rows = session.execute(query.order_by(ReleaseItem.contribution_id))
    return [PartItem(*row) for row in rows]


def item_batches(session: Session, number: int, size: int) -> Iterator[list[PartItem]]:
    """All recordings of a release by id, `size` at a time."""
    query = _PART_ITEM.where(ReleaseItem.release_number == number)
    for rows in _batches(session, query, size):
        yield [PartItem(*row) for row in rows]


def replace_archive_parts(
    session: Session,
    number: int,
    parts: Iterable[ArchivePart],
    removals: int,
    size: int,
    etag: str,
) -> None:
    """Store what was measured at so many `removals`, unless a later measurement is stored."""
    is_newer = or_(Release.measured_removals.is_(None), Release.measured_removals <= removals)
    changed = session.execute(
        update(Release)
        .where(Release.number == number, is_newer)
        .values(measured_removals=removals, measured_bytes=size, measured_etag=etag)
        .returning(Release.number)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        return
    session.execute(delete(ArchivePart).where(ArchivePart.release_number == number))
    session.add_all(parts)
    session.flush()


def not_measured(session: Session) -> Sequence[int]:
    """Numbers of finished releases whose stored parts are missing, or as before a removal."""
    return session.scalars(
        select(Release.number)
        .where(
            Release.state == JobState.DONE,
            or_(
                Release.measured_etag.is_(None),
                Release.measured_removals.is_(None),
                Release.measured_removals != Release.removals,
            ),
        )
        .order_by(Release.number)
    ).all()


# What goes into the next one.


def lock(session: Session) -> None:
    """Serialize decisions on releases until this transaction ends; SQLite does so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_RELEASE_LOCK)))


def highest_number(session: Session) -> int:
    """The highest number ever given, even to a failed release; 0 without any."""
    return session.scalars(select(func.max(Release.number))).one() or 0


_NOT_RELEASED = (
    Contribution.cine,
    Contribution.model_answer,
    Contribution.note,
    Contribution.answer_to_reviewer,
    Contribution.set_by_hand,
    Contribution.set_by_table,
    Contribution.withheld,
)
"""What no release holds of a contribution, and would take room."""


def ready(session: Session, *, lock: bool = False) -> Sequence[Contribution]:
    """Approved and de-identified contributions, with submission and contributor, by id.

    An approval holds while a reported label is reviewed again. With `lock` the rows are locked, so
    that no verdict is undone between reading them and writing the release's items.
    """
    query = (
        select(Contribution)
        .where(
            Contribution.final_label.is_not(None),
            Contribution.state.not_in(_REMOVED),
            Contribution.deidentify_state == JobState.DONE,
            Contribution.pixels_key.is_not(None),
        )
        .options(
            joinedload(Contribution.submission).options(
                defer(Submission.manifest),
                defer(Submission.defaults),
                joinedload(Submission.contributor),
            ),
            *(defer(column) for column in _NOT_RELEASED),
        )
        .order_by(Contribution.id)
    )
    if lock:
        query = query.with_for_update(read=True, of=Contribution)
    return session.scalars(query).all()


def waiting_for_ingest(session: Session) -> int:
    """The number of approved contributions that are not de-identified yet."""
    query = select(func.count()).where(
        Contribution.final_label.is_not(None),
        Contribution.state.not_in(_REMOVED),
        Contribution.deidentify_state.in_(_UNDER_WAY),
    )
    return session.scalars(query).one()


def still_there(session: Session, ids: Iterable[UUID]) -> int:
    """How many of these contributions are neither withdrawn nor rejected."""
    query = select(func.count()).where(Contribution.state.not_in(_REMOVED))
    left = iter(ids)
    number = 0
    while some := list(islice(left, BATCH)):
        number += session.scalars(query.where(Contribution.id.in_(some))).one()
    return number


def earlier_items(session: Session, ids: Collection[UUID] | None = None) -> dict[UUID, ReleaseItem]:
    """For each contribution in a finished release, its item in the newest one.

    Args:
        session: the database's.
        ids: some contributions, fewer than a statement may have parameters; None for all.
    """
    newest = (
        select(ReleaseItem.contribution_id, func.max(ReleaseItem.release_number).label("number"))
        .join(ReleaseItem.release)
        .where(Release.state == JobState.DONE)
        .group_by(ReleaseItem.contribution_id)
    )
    if ids is not None:
        newest = newest.where(ReleaseItem.contribution_id.in_(ids))
    found = newest.subquery()
    query = select(ReleaseItem).join(
        found,
        and_(
            ReleaseItem.contribution_id == found.c.contribution_id,
            ReleaseItem.release_number == found.c.number,
        ),
    )
    if ids is None:
        query = query.options(defer(ReleaseItem.files), defer(ReleaseItem.facts))
    return {row.contribution_id: row for row in session.scalars(query)}


def assignments(session: Session) -> dict[str, FoldAssignment]:
    """All fold assignments, by group key."""
    return {
        assignment.group_key: assignment for assignment in session.scalars(select(FoldAssignment))
    }


def counts_by_fold(members: Iterable[ReleaseItem]) -> list[Counter[str]]:
    """For each fold, the number of these items by label."""
    counts: list[Counter[str]] = [Counter() for _ in range(FOLDS)]
    for member in members:
        counts[member.fold][member.label] += 1
    return counts


def add(session: Session, *rows: Release | ReleaseItem | FoldAssignment | LabelReport) -> None:
    """Add rows and flush them, so that a violated constraint raises here."""
    session.add_all(rows)
    session.flush()


def was_reported(session: Session, contribution_id: UUID, client: str) -> bool:
    """Whether this client has reported this label already."""
    query = select(LabelReport.id).where(
        LabelReport.contribution_id == contribution_id, LabelReport.client == client
    )
    return session.scalars(query).first() is not None


# While one is made.


def unmeasured(
    session: Session, number: int, after: UUID | None, limit: int
) -> Sequence[ReleaseItem]:
    """The first items of a release that the worker has not come to, with their contributions.

    Without those that are left out at the end; only those behind the id `after`, if it is given.
    """
    query = _items(number).where(ReleaseItem.files.is_(None), ReleaseItem.removed == false())
    if after is not None:
        query = query.where(ReleaseItem.contribution_id > after)
    return session.scalars(query.order_by(ReleaseItem.contribution_id).limit(limit)).all()


def note_item(
    session: Session,
    number: int,
    contribution_id: UUID,
    facts: Facts,
    files: ItemFiles,
) -> None:
    """Note what was found of one item."""
    session.execute(
        update(ReleaseItem)
        .where(ReleaseItem.release_number == number, ReleaseItem.contribution_id == contribution_id)
        .values(facts=facts, files=files)
        .execution_options(synchronize_session=False)
    )


def drop_gone(session: Session, number: int) -> None:
    """Leave out what was withdrawn or rejected while it was made."""
    if removed_ids(session, number):
        delete_items(session, number, _IS_REMOVED)
        left = select(func.count()).where(ReleaseItem.release_number == number)
        measured = left.where(ReleaseItem.files.is_not(None))
        values = {"total": left.scalar_subquery(), "done": measured.scalar_subquery()}
        session.execute(update(Release).where(Release.number == number).values(**values))


def delete_items(session: Session, number: int, *where: ColumnElement[bool]) -> None:
    """Take recordings out of a release that is not published: they are free for the next."""
    session.execute(
        delete(ReleaseItem)
        .where(ReleaseItem.release_number == number, *where)
        .execution_options(synchronize_session=False)
    )
