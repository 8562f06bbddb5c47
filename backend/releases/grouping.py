"""What ties a release's recordings together, by what is known today: a patient, or a copy."""

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
    """The recordings with what ties them together, as far as it is known now.

    Those of the last release were compared with one another when it was made.
    """
    compared = {
        one: [UUID(other) for other in each.copies]
        for one, each in earlier.items()
        if each.release_number == last and each.copies is not None
    }
    copies = folds.copies(contributions, compared)
    return [member(each, copies[each.id], earlier.get(each.id)) for each in contributions]


def member(
    contribution: Contribution, copies: frozenset[UUID], earlier: ReleaseItem | None
) -> Member:
    """A recording with what ties it to others, and the fold it was released with."""
    return Member(
        contribution.id,
        contribution.final_label or Label.OTHER,
        folds.patient_of(contribution, None if earlier is None else earlier.group_key),
        copies,
        None if earlier is None else earlier.fold,
    )


def left_out_today(session: Session, number: int) -> list[UUID]:
    """What of a finished release no model may learn from, by what is known today; by id.

    More than the release itself says, where a patient or a copy became known after it was made.
    """
    items = [
        each
        for each in repository.items(session, number)
        if not repository.is_gone(each.contribution)
    ]
    compared = {
        each.contribution_id: [UUID(other) for other in each.copies]
        for each in items
        if each.copies is not None
    }
    copies = folds.copies([each.contribution for each in items], compared)
    found = [member(each.contribution, copies[each.contribution_id], each) for each in items]
    places = folds.assign_folds(found, {}, [])
    return [each.id for each in found if places[each.id].left_out]
