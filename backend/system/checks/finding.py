"""The parts of a check: its context, its findings, and how they are mended."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from celery import Celery
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import Database
from backend.core.settings import Settings
from backend.jobs.celery import send_remembered
from backend.storage.base import Storage
from backend.tables import Contribution, Recording, Submission, Upload, User
from backend.tables.checks import StoredFinding

UNDER_WAY = timedelta(hours=1)
"""Anything younger may belong to an upload or a job that is still under way."""

Progress = Callable[[str], None]
"""Called after each row or object with a cursor from which the check can continue."""


@dataclass(frozen=True)
class Context:
    """The context of a check.

    `transaction` opens a session that is committed at the end of the context, or rolled back by an
    error. `deep`: also read all bytes, which takes long. `after`: the cursor of an interrupted
    check, after which it continues. `actor`: who started it; None for the command line.
    """

    database: Database
    transaction: Callable[[], AbstractContextManager[Session]]
    storage: Storage
    settings: Settings
    celery: Celery
    now: datetime
    deep: bool = False
    after: str = ""
    actor: User | None = None
    progress: Progress = field(default=lambda _cursor: None)

    @property
    def old(self) -> datetime:
        """Anything written before this cannot belong to work under way."""
        return self.now - UNDER_WAY


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    `kind` is a stable name for programs; `subject` and `id` identify what it is about; `text` is a
    sentence for people, without file names and pseudonyms. `mend` repairs it if that needs no
    human judgement, and returns whether it changed anything; `advice` says what a person should do
    if there is no mend, or if it may fail.
    """

    kind: str
    subject: str
    id: str
    text: str
    advice: str = ""
    mend: "Mend | None" = None

    def to_dict(self, *, mended: bool) -> StoredFinding:
        """The finding as it is stored and returned by the API."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "id": self.id,
            "text": self.text,
            "advice": self.advice,
            "mendable": self.mend is not None,
            "mended": mended,
        }


Mend = Callable[[Context, Finding], bool]

Check = Callable[[Context], Iterator[Finding]]
"""Checks one kind of thing, a page of rows at a time; an exception ends the whole check."""


Row = TypeVar("Row", Upload, Contribution, Recording, Submission)
"""A row of a table with an `id`."""


def in_transaction(change: Callable[[Session], bool]) -> Mend:
    """A mend in a single transaction, with its row in the audit log.

    `change` locks what it changes, looks again, and returns False if there is nothing left to
    mend.
    """

    def mend(context: Context, finding: Finding) -> bool:
        with context.transaction() as session:
            if not change(session):
                return False
            note(session, context, finding)
        send_remembered(session, context.celery)
        return True

    return mend


def note(session: Session, context: Context, finding: Finding) -> None:
    """Record in the audit log that a finding was mended."""
    subject_id = finding.id[-64:]
    audit.record(
        session, context.actor, "checks.fixed", finding.subject, subject_id, kind=finding.kind
    )


def pages(
    context: Context, model: type[Row], *conditions: ColumnElement[bool], size: int = 200
) -> Iterator[Row]:
    """Every row of a table with an `id`, a page at a time, from the context's cursor on.

    No transaction stays open between two pages.
    """
    table, _, place = context.after.partition(" ")
    last = UUID(place) if table == model.__tablename__ else None
    while True:
        query = select(model).where(*conditions).order_by(model.id).limit(size)
        if last is not None:
            query = query.where(model.id > last)
        with context.database.read() as session:
            rows = session.scalars(query).all()
        for row in rows:
            yield row
            last = row.id
            context.progress(f"{model.__tablename__} {last}")
        if len(rows) < size:
            return


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
