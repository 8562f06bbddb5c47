"""A manifest's rows and the recordings they tell of, whichever of the two came first."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.settings import Settings
from backend.submissions import fields, manifest, repository
from backend.tables import Contribution, Submission

NO_FILE = "No file of this name is in the submission yet. The row counts as soon as it arrives."


def apply(
    session: Session, settings: Settings, submission: Submission, content: bytes
) -> list[dict[str, Any]]:
    """Fill a draft's recordings from a manifest, and keep the rows for those still to come.

    Returns what was found of each row, in order: line, file_name, and the problem or None. The
    names of unknown columns stand in line 1.

    Raises:
        ManifestError: it is no manifest; nothing was changed.
    """
    read = manifest.read(content)
    good = {
        manifest.key(row.file_name): _kept(session, settings, submission.contributor_id, row)
        for row in read.rows
        if row.problem is None
    }
    found = set()
    for contribution in repository.contributions(session, submission.id):
        if (key := fill(contribution, good)) is not None:
            found.add(key)
    submission.manifest = {**submission.manifest, **good}
    report: list[dict[str, Any]] = [
        {"line": 1, "file_name": "", "problem": f"Unknown column {name!r}: it was left out."}
        for name in read.unknown_columns
    ]
    for row in read.rows:
        problem = row.problem
        if problem is None and manifest.key(row.file_name) not in found:
            problem = NO_FILE
        report.append({"line": row.line, "file_name": row.file_name, "problem": problem})
    return report


def fill(contribution: Contribution, rows: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Fill a recording from the row that tells of it; the row's key, or None without one."""
    for key in manifest.keys(contribution.file_name):
        if key in rows:
            fields.put(contribution, rows[key]["values"])
            return key
    return None


def without_file(
    submission: Submission, contributions: Sequence[Contribution]
) -> list[dict[str, Any]]:
    """Rows that were kept and found no file: line, file_name, problem."""
    here = {key for each in contributions for key in manifest.keys(each.file_name)}
    return [
        {"line": row["line"], "file_name": row["file_name"], "problem": NO_FILE}
        for key, row in submission.manifest.items()
        if key not in here
    ]


def _kept(
    session: Session, settings: Settings, contributor_id: UUID, row: manifest.Row
) -> dict[str, Any]:
    values = dict(row.values)
    if (pseudonym := values.pop("patient", None)) is not None:
        values["patient_hash"] = fields.patient_hash(session, settings, contributor_id, pseudonym)
    return {"line": row.line, "file_name": row.file_name, "values": values}
