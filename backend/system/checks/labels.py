"""Labels and other fields: every recording compared with its manifest row."""

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
from backend.tables.contributions import FieldValues
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
    "It has been reviewed: compare what the reviewers saw. To have it reviewed again, report its "
    "label on the page of the release."
)


def labels(context: Context) -> Iterator[Finding]:
    """Find recordings whose fields differ from the manifest row of their file.

    Fields set by hand are right. If the fields are those of another file's row, the wrong row was
    used: earlier versions matched names that are not the same.
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
        for row in (by_id[file.key] for file in ambiguity.files if file.key in by_id):  # type: ignore[index]  # our ids
            if any(
                said[0] and not _differing(row, said[0]) for said in _row_values(ambiguity.rows)
            ):
                yield Finding(
                    "label_in_doubt",
                    "contribution",
                    str(row.id),
                    "Its fields are those of one of several rows that match its name, and which of "
                    "them is right is unknown.",
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
    every: list[FieldValues],
    defaults: FieldValues,
) -> Iterator[Finding]:
    """Compare a recording with its row, and with `every` row of its submission."""
    row_values: apply_manifest.RowValues = match.rows[0].values
    wanted: dict[str, Any] = dict(row_values[0])
    if not (differing := _differing(row, wanted)):
        return
    others = [values for values in every if values and values != row_values[0]]
    other_row = next((values for values in others if not _differing(row, values)), None)
    is_other_row = other_row is not None
    for name in other_row or ():  # what only the other row has is not about this recording either
        if name not in wanted and (defaults.get(name) or name not in fields.REQUIRED):
            wanted[name] = defaults.get(name)
    is_tracked = row.table_digest is not None
    if row.state == ContributionState.DRAFT and not is_tracked and not is_other_row:
        return  # its contributor is editing it, and sees the effective values
    named = ", ".join(_NAMES.get(field_name, field_name) for field_name in differing)
    origin = " Its fields are those of another file." if is_other_row else ""
    can_fix = row.state in _UNDECIDED and (is_other_row or is_tracked)
    yield Finding(
        "label_differs",
        "contribution",
        str(row.id),
        f"Its manifest row has other values: {named}.{origin}",
        "" if can_fix else _advice(row),
        mend=in_transaction(partial(_fill, contribution_id=row.id, wanted=wanted))
        if can_fix
        else None,
    )


def _row_values(rows: Any) -> Iterator[apply_manifest.RowValues]:
    return (row.values for row in rows)


def _advice(row: Contribution) -> str:
    return _ASK if row.state in _UNDECIDED else _DECIDED


def _differing(row: Contribution, values: Mapping[str, Any]) -> list[str]:
    """Names of the fields that are neither as in the table nor set by hand.

    For recordings of earlier versions it is unknown which fields were set by hand.
    """
    by_hand = row.set_by_hand if row.table_digest is not None else ()
    return [
        name
        for name, value in values.items()
        if name not in by_hand and (getattr(row, name) or None) != (value or None)
    ]


def _fill(session: Session, contribution_id: UUID, wanted: Mapping[str, Any]) -> bool:
    row = reviews.lock(session, contribution_id)
    if row is None or row.state not in _UNDECIDED or not (differing := _differing(row, wanted)):
        return False
    # Unlike in a draft, the defaults have been copied into the fields of a submitted recording.
    fields.set_fields(row, {name: wanted[name] for name in differing})
    row.set_by_hand = [name for name in row.set_by_hand if name not in differing]
    return True
