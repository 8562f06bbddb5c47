"""Applying a manifest's rows to the recordings of a draft, whichever of the two arrives first.

A draft keeps all rows of all its manifests. Whenever a manifest or a recording is added or removed,
rows and recordings are matched again, so that the order of arrival makes no difference. Fields that
a person set by hand stay.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.submissions import fields, manifest, repository
from backend.tables import Submission
from backend.tables.contributions import FieldValues, ManifestRow, UploadReportRow
from models.data.file_names import canonical
from models.data.table_matching import Ambiguity, FileName, Matching, TableRow, match

NO_FILE = "No file of this name has been uploaded yet. The row applies as soon as one arrives."


class MatchedRow(UploadReportRow):
    """The outcome of a stored row, with its key among the draft's rows."""

    key: str


Report = list[UploadReportRow]
RowValues = tuple[FieldValues, list[str]]
"""The fields of a row, and the names of those whose cells could not be used."""


@dataclass(frozen=True, slots=True)
class ManifestUpload:
    """An uploaded manifest: its content and name, and the archive whose files alone it is about.

    It replaces rows of an earlier manifest of the same name: those for the same files, or all of
    them with `replaces_all`.
    """

    content: bytes
    table: str = ""
    within: UUID | None = None
    replaces_all: bool = False


def apply(
    session: Session, settings: Settings, submission: Submission, upload: ManifestUpload
) -> Report:
    """Store a manifest's rows with the draft, and fill in the recordings that they match.

    Returns the outcome of every row, in order; remarks on the table as a whole are in line 1.

    Raises:
        ManifestError: it is not a manifest; nothing was changed.
    """
    table = manifest.read(upload.content)
    within = str(upload.within or "")
    file_names = {canonical(row.file_name) for row in table.rows}
    remaining = {
        key: row
        for key, row in submission.manifest.items()
        if (row.get("table", ""), row.get("within", "")) != (upload.table, within)
        or not (upload.replaces_all or canonical(row["file_name"]) in file_names)
    }
    keys = {uuid4().hex: row for row in table.rows if row.file_name}
    submission.manifest = remaining | {
        key: _kept(session, settings, submission.contributor_id, row)
        | {"table": upload.table, "within": within}
        for key, row in keys.items()
    }
    current = {entry["key"]: entry for entry in rematch(session, submission)}
    key_of = {id(row): key for key, row in keys.items()}
    whole_table: UploadReportRow = {
        "table": upload.table,
        "line": 1,
        "file_name": "",
        "problem": None,
    }
    report: Report = [
        {**whole_table, "status": "refused", "problem": f"Unknown column {name!r}: it was ignored."}
        for name in table.unknown_columns
    ]
    report += [{**whole_table, "status": "used", "note": note} for note in table.notes]
    for row in table.rows:
        outcome = current.get(key_of.get(id(row), ""))
        report.append(_outcome(upload.table, row, outcome))
    return report


def _outcome(table: str, row: manifest.Row, outcome: MatchedRow | None) -> UploadReportRow:
    status = "refused" if outcome is None else outcome["status"]
    if row.problem is not None:
        status = "partly" if row.file_name and row.values else "refused"
    return {
        "table": table,
        "line": row.line,
        "file_name": row.file_name,
        "status": status,
        "problem": row.problem or (outcome and outcome["problem"]),
        "note": outcome and outcome["note"],
    }


def rematch(session: Session, submission: Submission) -> list[MatchedRow]:
    """Match rows and recordings again, and fill in the recordings whose match has changed.

    Returns the report of all stored rows, with their keys.
    """
    if not submission.manifest:
        return []
    files = repository.file_names(session, submission.id)
    matching = match_rows(submission.manifest, files)
    new_values: dict[UUID, RowValues] = {}
    for pair in matching.matches:
        row = submission.manifest[_key(pair.rows[0])]
        new_values[_id(pair.file)] = (row["values"], list(row.get("refused", ())))
    for ambiguity in matching.ambiguities:
        field_names: set[str] = set()
        for row_name in ambiguity.rows:
            row = submission.manifest[_key(row_name)]
            field_names.update(row["values"], row.get("refused", ()))
        new_values |= {_id(file): ({}, sorted(field_names)) for file in ambiguity.files}
    changed = {
        named_file.id: new_values.get(named_file.id)
        for named_file in files
        if named_file.table_digest != _digest(new_values.get(named_file.id))
    }
    for contribution in repository.lock_contributions(session, submission.id, changed):
        values = changed[contribution.id]
        contribution.table_digest = _digest(values)
        fields.set_from_table(contribution, *(values or ({}, [])))
    session.flush()
    return _report(submission.manifest, matching)


def row_report(session: Session, submission: Submission) -> list[MatchedRow]:
    """The report of all stored rows, with their keys; nothing is changed."""
    files = repository.file_names(session, submission.id)
    return _report(submission.manifest, match_rows(submission.manifest, files))


def rows_with_recording(session: Session, submission: Submission) -> dict[str, ManifestRow]:
    """The stored rows without those for files that never arrived."""
    used = {row["key"] for row in row_report(session, submission) if row["status"] != "waiting"}
    return {key: row for key, row in submission.manifest.items() if key in used}


def match_rows(rows: Mapping[str, ManifestRow], files: Iterable[repository.NamedFile]) -> Matching:
    """Match the stored rows of a submission with its recordings.

    A row's values are its fields and the names of refused ones; the keys are the manifest's keys
    and the recordings' ids.
    """
    return match(
        (
            TableRow(
                key,
                row["file_name"],
                (row["values"], sorted(row.get("refused", ()))),
                row.get("within", ""),
            )
            for key, row in rows.items()
        ),
        (
            FileName(named_file.id, named_file.file_name, str(named_file.archive or ""))
            for named_file in files
        ),
    )


def _report(rows: Mapping[str, ManifestRow], matching: Matching) -> list[MatchedRow]:
    report: list[MatchedRow] = []

    def add(
        row: TableRow, status: str, problem: str | None = None, note: str | None = None
    ) -> None:
        stored = rows[_key(row)]
        report.append(
            {
                "key": _key(row),
                "table": stored.get("table", ""),
                "line": stored["line"],
                "file_name": stored["file_name"],
                "status": status,
                "problem": problem,
                "note": note,
            }
        )

    for pair in matching.matches:
        for row in pair.rows:
            note = (
                f"It was applied to the file {pair.file.name!r}." if pair.is_approximate else None
            )
            add(row, "loose" if pair.is_approximate else "used", note=note)
    for ambiguity in matching.ambiguities:
        reason = _reason(rows, ambiguity)
        for row in ambiguity.rows:
            add(row, "doubt", reason)
    for row in matching.rows_without_file:
        add(row, "waiting", NO_FILE)
    report.sort(key=lambda entry: (entry["table"], entry["line"]))
    return report


def _reason(rows: Mapping[str, ManifestRow], ambiguity: Ambiguity) -> str:
    stored = [rows[_key(row)] for row in ambiguity.rows]
    places = sorted((row.get("table", ""), row["line"]) for row in stored)
    several = len({table for table, _ in places}) > 1
    named = [
        f"line {line}" + (f" of {table}" if several and table else "") for table, line in places
    ]
    reason = ambiguity.reason(named)
    return reason[:1].upper() + reason[1:]


def _digest(values: RowValues | None) -> str | None:
    if values is None:
        return None
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _key(row: TableRow) -> str:
    return str(row.key)


def _id(file: FileName) -> UUID:
    return UUID(str(file.key))


def _kept(
    session: Session, settings: Settings, contributor_id: UUID, row: manifest.Row
) -> ManifestRow:
    values = dict(row.values)
    if (pseudonym := values.pop("patient", None)) is not None:
        values["patient_hash"] = fields.patient_hash(session, settings, contributor_id, pseudonym)
    refused = ["patient_hash" if name == "patient" else name for name in row.refused]
    return {
        "line": row.line,
        "file_name": row.file_name,
        "values": cast("FieldValues", values),
        "refused": refused,
    }
