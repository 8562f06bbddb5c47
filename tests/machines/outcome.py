"""What an installation holds: rows and bytes, told by the recordings' numbers in place of ids."""

import csv
import hashlib
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.settings import Settings
from backend.storage.base import Storage
from backend.storage.factory import open_storage
from backend.storage.s3 import connect
from backend.tables import (
    Artifact,
    AuditEvent,
    Contribution,
    Recording,
    Release,
    ReleaseItem,
    Screening,
    Training,
    TrainingFold,
    Upload,
)

FIELDS = (
    "state",
    "file_name",
    "sha256",
    "bytes",
    "kind",
    "format",
    "width",
    "height",
    "duration_s",
    "frames",
    "sampled_frames",
    "fingerprints",
    "label",
    "probe",
    "licence",
    "source",
    "age_band",
    "sex",
    "findings",
    "note",
    "previews_state",
    "cine",
    "model_answer",
    "final_label",
    "final_findings",
    "md_comment",
    "deidentify_state",
    "pixels_sha256",
    "dataset_frames",
    "review_round",
)
"""Columns of a contribution in which equal stories are equal, patients and keys apart."""

NOT_COMPARED = frozenset({"Date added", "Filename", "File", "Patient ID / Name", "Fold"})
"""Columns of the released table that hold ids and dates, or numbers that hashes decide."""

ONLY_WITH_MANY = frozenset({"trainings", "artifacts"})
"""Features whose steps the audit log tells of only where there are many machines."""

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Groups = frozenset[frozenset[int]]


@dataclass
class Held:
    """What was found.

    Attributes:
        fields: of each recording.
        bytes: SHA-256 of each stored object of a recording, by its key without ids.
        patients, folds: which recordings share one.
        released: of each recording, its row and its files' hashes in the archive.
        audit: how often each step was taken.
        unfinished: whatever waits, runs, or failed.
        known: ids, folders and keys that belong to other rows than the recordings'.
        orphans: rows and keys that belong to none of all these.
    """

    fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    bytes: dict[int, dict[str, str]] = field(default_factory=dict)
    patients: Groups = frozenset()
    folds: Groups = frozenset()
    released: dict[int, dict[str, Any]] = field(default_factory=dict)
    audit: Counter[str] = field(default_factory=Counter)
    unfinished: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    orphans: list[str] = field(default_factory=list)


def look(settings: Settings, contributions: Mapping[int, str], archive: bytes = b"") -> Held:
    """Look at an installation's rows and bytes, and at its release if there is one.

    Args:
        settings: that lead to them.
        contributions: ids by the recordings' numbers.
        archive: of the release.
    """
    numbers = {each: number for number, each in contributions.items()}
    held = Held()
    database, storage = Database.connect(settings), open_storage(settings)
    try:
        _look_at_rows(held, database, numbers)
    finally:
        database.close()
    for folder in _folders(settings):
        _look_at_bytes(held, storage, folder, numbers)
    if archive:
        _look_at_archive(held, archive, numbers)
    return held


def groups(members: Iterable[tuple[Hashable, int]]) -> Groups:
    """Numbers that share whatever they are told with."""
    found: dict[Hashable, set[int]] = defaultdict(set)
    for shared, number in members:
        found[shared].add(number)
    return frozenset(frozenset(each) for each in found.values())


def _look_at_rows(held: Held, database: Database, numbers: Mapping[str, int]) -> None:
    with database.read() as session:
        patients = []
        for row in session.scalars(select(Contribution)):
            number = numbers.get(str(row.id))
            if number is None:
                held.orphans.append(f"contribution {row.id}")
                continue
            held.fields[number] = {name: getattr(row, name) for name in FIELDS}
            patients.append((row.patient_hash or row.id, number))
        held.patients = groups(patients)
        held.folds = groups(
            (item.fold, numbers[str(item.contribution_id)])
            for item in session.scalars(select(ReleaseItem))
        )
        for action in session.scalars(select(AuditEvent.action)):
            if action.partition(".")[0] not in ONLY_WITH_MANY:
                held.audit[action] += 1
        jobs: list[tuple[str, str | None]] = [
            *((f"arrival {row.id}", row.state) for row in session.scalars(select(Upload))),
            *((f"screening {row.id}", row.status) for row in session.scalars(select(Screening))),
            *((f"release {row.number}", row.state) for row in session.scalars(select(Release))),
            *((f"training {row.id}", row.state) for row in session.scalars(select(Training))),
            *((f"fold {row.fold}", row.state) for row in session.scalars(select(TrainingFold))),
        ]
        held.unfinished = [f"{what}: {state}" for what, state in jobs if state != "done"]
        held.known = _known(session)


def _known(session: Session) -> set[str]:
    """Ids of what is screened, folders of artifacts, keys of the releases' tables."""
    found = {
        str(each) for table in (Recording, Screening) for each in session.scalars(select(table.id))
    }
    found |= {each for each in session.scalars(select(Artifact.storage_folder)) if each}
    for top in session.scalars(select(Release.files)):
        found |= {file.key for file in top.files}
    return found


def _folders(settings: Settings) -> list[str]:
    """Every folder of the storage, whoever made it."""
    kind, _, place = settings.storage_url.partition("://")
    if kind == "file":
        return [path.name for path in Path(place).iterdir() if path.name != "incoming"]
    bucket, _, prefix = place.partition("/")
    listed = connect(settings).list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/", Delimiter="/")
    return [each["Prefix"].split("/")[-2] for each in listed["CommonPrefixes"]]


def _look_at_bytes(held: Held, storage: Storage, folder: str, numbers: Mapping[str, int]) -> None:
    for stored in storage.listing(folder):
        ids = [one for one in re.findall(_ID, stored.key) if one in numbers]
        if not ids:
            if not any(one in stored.key for one in held.known):
                held.orphans.append(stored.key)
            continue
        with storage.open(stored.key) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        key = stored.key.replace(ids[0], "ID")
        held.bytes.setdefault(numbers[ids[0]], {})[key] = sha256


def _look_at_archive(held: Held, archive: bytes, numbers: Mapping[str, int]) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = opened.namelist()
        table = next(name for name in names if name.endswith("/dataset_metadata.csv"))
        top = table.rpartition("/")[0]
        rows = csv.DictReader(io.StringIO(opened.read(table).decode("utf-8-sig")))
        released = {numbers[row["Filename"]]: row for row in rows}
        for line in opened.read(f"{top}/SHA256SUMS").decode().splitlines():
            said, _, name = line.partition("  ")
            if f"{top}/{name}" in names:
                assert hashlib.sha256(opened.read(f"{top}/{name}")).hexdigest() == said, name
        for number, row in released.items():
            files = {
                re.sub(_ID, "ID", name): hashlib.sha256(opened.read(name)).hexdigest()
                for name in names
                if row["Filename"] in name
            }
            compared = {name: value for name, value in row.items() if name not in NOT_COMPARED}
            held.released[number] = {"row": compared, "files": files}
        assert held.folds == groups((row["Fold"], n) for n, row in released.items())
        published = groups(
            (row["Patient ID / Name"] or f"nobody {n}", n) for n, row in released.items()
        )
        assert published == _within(held.patients, set(released))


def _within(all_groups: Groups, members: set[int]) -> Groups:
    return frozenset(frozenset(group & members) for group in all_groups if group & members)
