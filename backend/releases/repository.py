"""Every query about releases: what goes in, what is shown."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from backend.core.pagination import Keyset, Page
from backend.releases.contents import Content, difference, summary
from backend.releases.folds import FOLDS
from backend.tables import (
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


# Reading.


def get(session: Session, number: int) -> Release | None:
    """The release with this number."""
    return session.get(Release, number)


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
    return (
        select(ReleaseItem)
        .where(ReleaseItem.release_number == number)
        .options(joinedload(ReleaseItem.contribution))
    )


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
    query = select(ReleaseItem.contribution_id).join(ReleaseItem.contribution)
    return list(
        session.scalars(
            query.where(
                ReleaseItem.release_number == number,
                Contribution.state.in_(_REMOVED),
            ).order_by(ReleaseItem.contribution_id)
        )
    )


def contents(session: Session, number: int | None) -> list[Content]:
    """A release's items as they are counted and compared; empty for None."""
    if number is None:
        return []
    return [
        Content(
            id=item.contribution_id,
            group=item.group_key,
            label=item.label,
            probe=item.probe,
            kind=item.contribution.kind,
            frames=len(item.files.frames) if item.files else item.contribution.dataset_frames,
            row=item.row,
            left_out=item.left_out,
        )
        for item in items(session, number)
    ]


def figures(session: Session, number: int) -> tuple[Summary, Difference]:
    """A release's summary, and its difference to the previous finished one."""
    current, before = contents(session, number), last_done(session, number)
    since = None if before is None else before.number
    return summary(current), difference(contents(session, since), current, since)


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


# What goes into the next one.


def lock(session: Session) -> None:
    """Serialize decisions on releases until this transaction ends; SQLite does so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_RELEASE_LOCK)))


def highest_number(session: Session) -> int:
    """The highest number ever given, even to a failed release; 0 without any."""
    return session.scalars(select(func.max(Release.number))).one() or 0


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
            Contribution.ingest_state == JobState.DONE,
            Contribution.pixels_key.is_not(None),
        )
        .options(joinedload(Contribution.submission).joinedload(Submission.contributor))
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
        Contribution.ingest_state.in_(_UNDER_WAY),
    )
    return session.scalars(query).one()


def still_there(session: Session, ids: Collection[UUID]) -> int:
    """How many of these contributions are neither withdrawn nor rejected."""
    query = select(func.count()).where(
        Contribution.id.in_(ids), Contribution.state.not_in(_REMOVED)
    )
    return session.scalars(query).one()


def earlier_items(session: Session, ids: Collection[UUID]) -> dict[UUID, ReleaseItem]:
    """For each contribution in a finished release, its item in the newest one."""
    query = (
        select(ReleaseItem)
        .join(ReleaseItem.release)
        .where(ReleaseItem.contribution_id.in_(ids), Release.state == JobState.DONE)
        .order_by(ReleaseItem.release_number)
    )
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
    gone = removed_ids(session, number)
    if gone:
        delete_items(session, number, ReleaseItem.contribution_id.in_(gone))
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
