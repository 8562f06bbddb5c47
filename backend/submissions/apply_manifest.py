"""A manifest's rows and the recordings they tell of, whichever of the two came first.

A draft keeps all rows of all tables that were sent for it. With every table, and with every
recording that comes or goes, it is found anew which row tells of which recording, so that the
order in which they come makes no difference. What a person set by hand stays.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.submissions import fields, manifest, repository
from backend.tables import Submission
from models.data.file_names import canonical
from models.data.table_matching import Ambiguity, FileName, Matching, TableRow, match

NO_FILE = "No file of this name is in the submission yet. The row counts as soon as it arrives."

Report = list[dict[str, Any]]
"""Of each row: table, line, file_name, status (`schemas.RowOut`), problem and note."""


@dataclass(frozen=True, slots=True)
class ManifestUpload:
    """A manifest as it was sent: its content, its name, and the archive that it speaks of alone.

    Rows of an earlier table of the same name are replaced: those for the same files, or all of
    them with `replaces_all`.
    """

    content: bytes
    table: str = ""
    within: UUID | None = None
    replaces_all: bool = False


def apply(
    session: Session, settings: Settings, submission: Submission, sent: ManifestUpload
) -> Report:
    """Keep a manifest's rows with the draft, and fill the recordings that it tells of.

    Returns what was found of each row, in order; what is to be said of the table as a whole stands
    in line 1.

    Raises:
        ManifestError: it is no manifest; nothing was changed.
    """
    read = manifest.read(sent.content)
    within = str(sent.within or "")
    named = {canonical(row.file_name) for row in read.rows}
    kept = {
        key: row
        for key, row in submission.manifest.items()
        if (row.get("table", ""), row.get("within", "")) != (sent.table, within)
        or not (sent.replaces_all or canonical(row["file_name"]) in named)
    }
    keys = {uuid4().hex: row for row in read.rows if row.file_name}
    submission.manifest = kept | {
        key: {
            "table": sent.table,
            "within": within,
            **_kept(session, settings, submission.contributor_id, row),
        }
        for key, row in keys.items()
    }
    current = {each["key"]: each for each in rematch(session, submission)}
    key_of = {id(row): key for key, row in keys.items()}
    whole = {"table": sent.table, "line": 1, "file_name": ""}
    report: Report = [
        {**whole, "status": "refused", "problem": f"Unknown column {name!r}: it was left out."}
        for name in read.unknown_columns
    ]
    report += [{**whole, "status": "used", "problem": None, "note": note} for note in read.notes]
    for row in read.rows:
        found = current.get(key_of.get(id(row), ""), {})
        report.append(_reported(sent.table, row, found))
    return report


def _reported(table: str, row: manifest.Row, found: Mapping[str, Any]) -> dict[str, Any]:
    status = found.get("status", "refused")
    if row.problem is not None:
        status = "partly" if row.file_name and row.values else "refused"
    return {
        "table": table,
        "line": row.line,
        "file_name": row.file_name,
        "status": status,
        "problem": row.problem or found.get("problem"),
        "note": found.get("note"),
    }


def rematch(session: Session, submission: Submission) -> Report:
    """Find anew which row tells of which recording, and fill those of which that has changed.

    Returns every kept row with its key as it counts now.
    """
    if not submission.manifest:
        return []
    files = repository.file_names(session, submission.id)
    found = match_rows(submission.manifest, files)
    wanted: dict[UUID, tuple[dict[str, Any], list[str]]] = {}
    for each in found.matches:
        row = submission.manifest[_key(each.rows[0])]
        wanted[_id(each.file)] = (row["values"], list(row.get("refused", ())))
    for ambiguity in found.ambiguities:
        spoken_of: set[str] = set()
        for row_name in ambiguity.rows:
            row = submission.manifest[_key(row_name)]
            spoken_of.update(row["values"], row.get("refused", ()))
        wanted |= {_id(file): ({}, sorted(spoken_of)) for file in ambiguity.files}
    changed = {
        each.id: wanted.get(each.id)
        for each in files
        if each.table_digest != _digest(wanted.get(each.id))
    }
    for contribution in repository.chosen(session, submission.id, changed):
        says = changed[contribution.id]
        contribution.table_digest = _digest(says)
        fields.put_from_table(contribution, *(says or ({}, [])))
    session.flush()
    return _report(submission.manifest, found)


def row_report(session: Session, submission: Submission) -> Report:
    """Every kept row with its key as it counts now; nothing is changed."""
    files = repository.file_names(session, submission.id)
    return _report(submission.manifest, match_rows(submission.manifest, files))


def rows_with_recording(session: Session, submission: Submission) -> dict[str, Any]:
    """The kept rows without those for files that never came: what was said of the recordings."""
    told = {row["key"] for row in row_report(session, submission) if row["status"] != "waiting"}
    return {key: row for key, row in submission.manifest.items() if key in told}


def match_rows(rows: Mapping[str, Any], files: Iterable[repository.NamedFile]) -> Matching:
    """Which of a submission's kept rows tells of which recording. A row's values are its fields,
    and the names of those that were refused; the keys are the manifest's and the recordings' ids.
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
        (FileName(each.id, each.file_name, str(each.archive or "")) for each in files),
    )


def _report(rows: Mapping[str, Any], found: Matching) -> Report:
    report: Report = []

    def add(
        row: TableRow, status: str, problem: str | None = None, note: str | None = None
    ) -> None:
        kept = rows[_key(row)]
        report.append(
            {
                "key": row.key,
                "table": kept.get("table", ""),
                "line": kept["line"],
                "file_name": kept["file_name"],
                "status": status,
                "problem": problem,
                "note": note,
            }
        )

    for each in found.matches:
        for row in each.rows:
            note = f"It was taken for the file {each.file.name!r}." if each.is_approximate else None
            add(row, "loose" if each.is_approximate else "used", note=note)
    for ambiguity in found.ambiguities:
        reason = _reason(rows, ambiguity)
        for row in ambiguity.rows:
            add(row, "doubt", reason)
    for row in found.rows_without_file:
        add(row, "waiting", NO_FILE)
    report.sort(key=lambda each: (each["table"], each["line"]))
    return report


def _reason(rows: Mapping[str, Any], ambiguity: Ambiguity) -> str:
    kept: Sequence[Mapping[str, Any]] = [rows[_key(row)] for row in ambiguity.rows]
    places = sorted((row.get("table", ""), row["line"]) for row in kept)
    several = len({table for table, _ in places}) > 1
    named = [
        f"line {line}" + (f" of {table}" if several and table else "") for table, line in places
    ]
    reason = ambiguity.reason(named)
    return reason[:1].upper() + reason[1:]


def _digest(says: tuple[dict[str, Any], list[str]] | None) -> str | None:
    if says is None:
        return None
    return hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()


def _key(row: TableRow) -> str:
    return str(row.key)


def _id(file: FileName) -> UUID:
    return UUID(str(file.key))


def _kept(
    session: Session, settings: Settings, contributor_id: UUID, row: manifest.Row
) -> dict[str, Any]:
    values = dict(row.values)
    if (pseudonym := values.pop("patient", None)) is not None:
        values["patient_hash"] = fields.patient_hash(session, settings, contributor_id, pseudonym)
    refused = ["patient_hash" if name == "patient" else name for name in row.refused]
    return {"line": row.line, "file_name": row.file_name, "values": values, "refused": refused}
