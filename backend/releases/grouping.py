"""Groups of recordings by what is known today: the same patient, or copies of each other."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from backend.releases import folds, repository
from backend.releases.folds import Member
from backend.tables import Contribution, ReleaseItem
from backend.tables.vocabulary import Label


def members(
    contributions: Sequence[Contribution], earlier: Mapping[UUID, ReleaseItem], last: int | None
) -> list[Member]:
    """The recordings with what links them, as far as it is known now.

    Those of the last release were compared with each other when it was built.
    """
    compared = {
        one: [UUID(other) for other in item.copies]
        for one, item in earlier.items()
        if item.release_number == last and item.copies is not None
    }
    copies = folds.copies(contributions, compared)
    return [
        member(contribution, copies[contribution.id], earlier.get(contribution.id))
        for contribution in contributions
    ]


def member(
    contribution: Contribution, copies: frozenset[UUID], earlier: ReleaseItem | None
) -> Member:
    """A recording with what links it to others, and the fold it was released with."""
    return Member(
        contribution.id,
        contribution.final_label or Label.OTHER,
        folds.patient_of(contribution, None if earlier is None else earlier.group_key),
        copies,
        None if earlier is None else earlier.fold,
    )


def left_out_today(session: Session, number: int) -> list[UUID]:
    """Ids of a release's recordings that training must leave out, by what is known today.

    These are more than the release itself says, if patients or copies became known after it.
    """
    items = [
        item
        for item in repository.items(session, number)
        if not repository.is_removed(item.contribution)
    ]
    compared = {
        item.contribution_id: [UUID(other) for other in item.copies]
        for item in items
        if item.copies is not None
    }
    copies = folds.copies([item.contribution for item in items], compared)
    linked = [member(item.contribution, copies[item.contribution_id], item) for item in items]
    places = folds.assign_folds(linked, {}, [])
    return [recording.id for recording in linked if places[recording.id].left_out]
