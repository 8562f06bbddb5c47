"""What contributors said, as it was kept: each recording against its row of the tables."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.reviews import repository as reviews
from backend.submissions import apply_manifest, fields
from backend.submissions import repository as submissions
from backend.system.checks.finding import Context, Finding, in_transaction, pages
from backend.tables import Contribution, Submission
from backend.tables.vocabulary import ContributionState
from models.data.table_matching import Match

_UNDECIDED = (
    ContributionState.DRAFT,
    ContributionState.PENDING,
    ContributionState.CHANGES_REQUESTED,
)
_NAMES = {"patient_hash": "patient"}
_ASK = "Ask its contributor, who sees it on the page of the submission, whether it is right."
_DECIDED = (
    "It is decided: compare what the reviewers saw, and report its label on the page of the "
    "release (or reject it), which opens a new review."
)

Said = tuple[Mapping[str, Any], list[str]]
"""A row's fields, and the names of those that were refused."""


def labels(context: Context) -> Iterator[Finding]:
    """Recordings whose fields are not those of the row that tells of their file.

    What a person set by hand is as it should be. Where the fields are those of another file's
    row, the wrong row was taken: earlier versions took names for the same that are not.
    """
    for submission in pages(context, Submission, size=20):
        if submission.manifest:
            yield from _of_submission(context, submission)


def _of_submission(context: Context, submission: Submission) -> Iterator[Finding]:
    with context.database.read() as session:
        rows = session.scalars(
            select(Contribution).where(
                Contribution.submission_id == submission.id,
                Contribution.state != ContributionState.WITHDRAWN,
            )
        ).all()
        files = submissions.file_names(session, submission.id)
    by_id = {row.id: row for row in rows}
    matching = apply_manifest.match_rows(submission.manifest, files)
    for ambiguity in matching.ambiguities:
        for row in (by_id[each.key] for each in ambiguity.files if each.key in by_id):  # type: ignore[index]  # our ids
            if any(said[0] and not _differing(row, said[0]) for said in _said(ambiguity.rows)):
                yield Finding(
                    "label_in_doubt",
                    "contribution",
                    str(row.id),
                    "It has what one of several rows says that fit its name, and which of them "
                    "tells of it cannot be known.",
                    _advice(row),
                )
    every = [row["values"] for row in submission.manifest.values()]
    for match in matching.matches:
        if match.file.key in by_id:
            row = by_id[match.file.key]  # type: ignore[index]  # our ids
            yield from _of_row(row, match, every, submission.defaults)


def _of_row(
    row: Contribution,
    match: Match,
    every: list[Mapping[str, Any]],
    defaults: Mapping[str, Any],
) -> Iterator[Finding]:
    """A recording against the row that tells of it, and `every` row of its submission."""
    said: Said = match.rows[0].values
    wanted = dict(said[0])
    if not (differing := _differing(row, wanted)):
        return
    others = [values for values in every if values and values != said[0]]
    anothers = next((values for values in others if not _differing(row, values)), None)
    is_anothers = anothers is not None
    for name in anothers or ():  # what only the other row says is not of this recording either
        if name not in wanted and (defaults.get(name) or name not in fields.REQUIRED):
            wanted[name] = defaults.get(name)
    is_noted = row.table_digest is not None
    if row.state == ContributionState.DRAFT and not is_noted and not is_anothers:
        return  # its contributor is at work on it, and sees what counts
    named = ", ".join(_NAMES.get(each, each) for each in differing)
    origin = " It has what is said of another file." if is_anothers else ""
    can = row.state in _UNDECIDED and (is_anothers or is_noted)
    yield Finding(
        "label_differs",
        "contribution",
        str(row.id),
        f"The table that came with it says otherwise: {named}.{origin}",
        "" if can else _advice(row),
        mend=in_transaction(partial(_fill, contribution_id=row.id, wanted=wanted)) if can else None,
    )


def _said(rows: Any) -> Iterator[Said]:
    return (each.values for each in rows)


def _advice(row: Contribution) -> str:
    return _ASK if row.state in _UNDECIDED else _DECIDED


def _differing(row: Contribution, values: Mapping[str, Any]) -> list[str]:
    """Names of the fields that are neither as the table says nor set by hand.

    Of recordings that came before it was noted, nobody knows what was set by hand.
    """
    by_hand = row.set_by_hand if row.table_digest is not None else ()
    return [
        name
        for name, value in values.items()
        if name not in by_hand and (getattr(row, name) or None) != (value or None)
    ]


def _fill(session: Session, contribution_id: UUID, wanted: Mapping[str, Any]) -> bool:
    row = reviews.hold(session, contribution_id)
    if row is None or row.state not in _UNDECIDED or not (differing := _differing(row, wanted)):
        return False
    # Not as a table fills a draft: of what was sent, the defaults are copied into these fields.
    fields.set_fields(row, {name: wanted[name] for name in differing})
    row.set_by_hand = [name for name in row.set_by_hand if name not in differing]
    return True
