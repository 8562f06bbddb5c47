"""Creating releases: what goes into the next one, and when one may be created."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError
from backend.jobs.celery import after_commit
from backend.jobs.names import RELEASE
from backend.releases import folds, grouping, repository
from backend.releases.contents import Content, Tally, difference, is_unchanged
from backend.releases.folds import Member, Place
from backend.releases.metadata import metadata_row
from backend.releases.schemas import NextRelease
from backend.tables import Contribution, FoldAssignment, Release, ReleaseItem, User
from backend.tables.releases import Difference, Summary

NOTHING = "nothing_to_release"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the next release would hold; none of it is in the database yet."""

    number: int
    items: list[ReleaseItem]
    new_groups: list[FoldAssignment]
    summary: Summary
    diff: Difference
    waiting_for_ingest: int
    objection: ConflictError | None


def draft(session: Session, now: datetime, *, lock: bool = False) -> Draft:
    """What a release created now would hold, and why it cannot be created, if so.

    With `lock` no verdict on it can be undone until the transaction ends.
    """
    contributions = repository.ready(session, lock=lock)
    number = repository.highest_number(session) + 1
    last = repository.last_done(session)
    earlier = repository.earlier_items(session)
    assignments = repository.assignments(session)
    members = grouping.members(contributions, earlier, None if last is None else last.number)
    places = folds.assign_folds(
        members,
        {key: assignment.fold for key, assignment in assignments.items()},
        repository.counts_by_fold(
            earlier[contribution.id] for contribution in contributions if contribution.id in earlier
        ),
    )
    new_groups = _new_assignments(members, places, assignments, number)
    known = assignments | {assignment.group_key: assignment for assignment in new_groups}
    items = [
        _item(
            contribution, member, number, known[member.key], places[contribution.id], earlier, now
        )
        for contribution, member in zip(contributions, members, strict=True)
    ]
    contents = [
        _content(item, contribution)
        for item, contribution in zip(items, contributions, strict=True)
    ]
    since = None if last is None else last.number
    tally = Tally()
    diff = difference(repository.contents(session, since), tally.counted(contents), since)
    waiting = repository.waiting_for_ingest(session)
    return Draft(
        number=number,
        items=items,
        new_groups=new_groups,
        summary=tally.summary(),
        diff=diff,
        waiting_for_ingest=waiting,
        objection=_objection(session, contents, diff, waiting),
    )


def preview(session: Session, now: datetime) -> NextRelease:
    """The statistics of the next release, and why it cannot be created, if so."""
    planned = draft(session, now)
    return NextRelease(
        ready=planned.objection is None,
        reason=None if planned.objection is None else planned.objection.detail,
        waiting_for_ingest=planned.waiting_for_ingest,
        summary=planned.summary,
        diff=planned.diff,
    )


def create(session: Session, actor: User | None, note: str) -> Release:
    """Queue a release of everything approved and de-identified. A worker builds it.

    Raises:
        ConflictError: one is being built, or it would hold nothing, or nothing new.
    """
    repository.lock(session)
    now = utc_now()  # verdicts older than the release can no longer be undone
    planned = draft(session, now, lock=True)
    if planned.objection is not None:
        raise planned.objection
    release = Release(
        number=planned.number,
        created_by=None if actor is None else actor.id,
        note=note.strip(),
        created_at=now,
        notified_at=now,
        total=len(planned.items),
    )
    try:
        repository.add(session, release)
    except IntegrityError as error:  # only where the database has no advisory locks
        raise ConflictError("Another release was requested at the same time.") from error
    repository.add(session, *planned.new_groups)
    repository.add(session, *planned.items)
    audit.record(
        session, actor, "releases.requested", "release", release.number, recordings=release.total
    )
    after_commit(session, RELEASE, release.number)
    log.info("release_queued", number=release.number, recordings=release.total)
    return release


def _new_assignments(
    members: Sequence[Member],
    places: Mapping[UUID, Place],
    assignments: Mapping[str, FoldAssignment],
    number: int,
) -> list[FoldAssignment]:
    """A fold and a number for each group without one."""
    folds_by_key: dict[str, int] = {}
    for member in members:
        if member.key not in assignments:
            folds_by_key.setdefault(member.key, places[member.id].home)
    first = max((assignment.number for assignment in assignments.values()), default=0) + 1
    return [
        FoldAssignment(group_key=key, number=first + n, fold=fold, assigned_in=number)
        for n, (key, fold) in enumerate(folds_by_key.items())
    ]


def _item(
    contribution: Contribution,
    member: Member,
    number: int,
    group: FoldAssignment,
    place: Place,
    released: Mapping[UUID, ReleaseItem],
    now: datetime,
) -> ReleaseItem:
    patient = group.number if folds.is_patient(group.group_key) else None
    row = metadata_row(contribution, patient, now, number)
    if (earlier := released.get(contribution.id)) is not None:  # these never change
        row |= {name: earlier.row[name] for name in ("Date added", "First release")}
    return ReleaseItem(
        release_number=number,
        contribution_id=contribution.id,
        group_key=group.group_key,
        fold=place.fold,
        copies=sorted(map(str, member.copies)),
        left_out=place.left_out,
        label=member.label,
        probe=contribution.probe or "",
        row=row,
    )


def _content(item: ReleaseItem, contribution: Contribution) -> Content:
    return Content(
        id=item.contribution_id,
        group=item.group_key,
        label=item.label,
        probe=item.probe,
        kind=contribution.kind,
        frames=contribution.dataset_frames,
        row=item.row,
        left_out=item.left_out,
    )


def _objection(
    session: Session, contents: Sequence[Content], diff: Difference, waiting: int
) -> ConflictError | None:
    making = repository.under_way(session)
    if making is not None:
        return ConflictError(
            f"Release {making.number} is being built. Please wait until it is finished."
        )
    if waiting and (not contents or is_unchanged(diff)):
        return ConflictError(
            "There is nothing to release yet: approved recordings are still being de-identified "
            f"({waiting}). Try again in a few minutes.",
            code=NOTHING,
        )
    if not contents:
        return ConflictError(
            "There is nothing to release: no recording is approved and de-identified.",
            code=NOTHING,
        )
    if unfinished := repository.still_there(session, diff.withdrawn):
        return ConflictError(
            f"Released recordings are being de-identified again after a review: {unfinished}. "
            "Please wait, so that they are not left out."
        )
    if is_unchanged(diff):
        return ConflictError(
            f"Nothing has changed since release {diff.since}: approve, correct or withdraw a "
            "recording first.",
            code=NOTHING,
        )
    return None
