"""Running a check: one kind of damage after another, mending on the way, noting how far it is.

The web application's process never does this: a worker does, or the command line.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.leases import Lease
from backend.system.checks.contents import contents
from backend.system.checks.finding import Check as LookFor
from backend.system.checks.finding import Context, Finding
from backend.system.checks.labels import labels
from backend.system.checks.missing import missing
from backend.system.checks.patients import patients
from backend.system.checks.releases import releases
from backend.system.checks.stray import stray
from backend.tables import Check

log = structlog.get_logger(__name__)

CHECKS: Mapping[str, LookFor] = {
    "labels": labels,
    "patients": patients,
    "releases": releases,
    "missing": missing,
    "contents": contents,
    "stray": stray,
}
"""In this order: bytes are deleted last. What decodes pixels is added by who may do that."""

NAMES = ("labels", "patients", "releases", "missing", "contents", "pixels", "stray")
"""All of them."""

MOST_FINDINGS = 1000
"""So many are kept of a check, and all are counted."""

NOTE_EVERY_S = 1.0


@dataclass
class Runner:
    """One attempt at a check, from where the last one was interrupted.

    `told` is called with each finding, and `moved` with progress.
    """

    context: Context
    lease: Lease[Check]
    checks: Mapping[str, LookFor]
    told: Callable[[Finding, bool], None] = lambda _finding, _mended: None
    moved: Callable[[str, int], None] = lambda _stage, _looked_at: None
    counts: dict[str, dict[str, int]] = field(init=False)
    findings: list[dict[str, Any]] = field(init=False)
    _known: set[tuple[str, str, str, str]] = field(init=False, repr=False)
    _noted_at: float = 0.0

    @property
    def row(self) -> Check:
        """The check as it was leased, and how far this attempt is."""
        return self.lease.row

    def __post_init__(self) -> None:
        self.counts = {kind: dict(each) for kind, each in self.row.counts.items()}
        self.findings = list(self.row.findings)
        self._known = {
            (each["kind"], each["subject"], each["id"], each["text"]) for each in self.findings
        }

    def run(self) -> None:
        """Look for everything that was asked for.

        Raises:
            LeaseLostError: the lease is lost.
            PocovidError, SQLAlchemyError: storage or database are away.
        """
        row = self.row
        wanted = [name for name in self.checks if not row.only or name in row.only]
        for name in wanted:
            if name in row.ended:
                continue
            if row.stage != name:
                row.stage, row.cursor, row.looked_at = name, "", 0
            self._note()
            context = replace(self.context, after=row.cursor, progress=self._progress)
            for finding in self.checks[name](context):
                self._take(context, finding)
            row.ended = [*row.ended, name]
            row.cursor = ""
            self._note()
        log.info("check_looked", check=str(row.id), counts=self.counts)

    def _take(self, context: Context, finding: Finding) -> None:
        """Count a finding, and mend it where that was asked for and takes nobody's judgement."""
        mended = False
        if self.row.fix and finding.mend is not None:
            mended = finding.mend(context, finding)
        said = finding.to_dict(mended=mended)
        key = (finding.kind, finding.subject, finding.id, finding.text)
        if key in self._known:
            return  # it was found before a worker was lost
        self._known.add(key)
        count = self.counts.setdefault(finding.kind, {"found": 0, "mendable": 0, "mended": 0})
        count["found"] += 1
        count["mendable"] += finding.mend is not None
        count["mended"] += mended
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(said)
        self.told(finding, mended)

    def _progress(self, cursor: str) -> None:
        self.row.cursor = cursor or self.row.cursor
        self.row.looked_at += 1
        self.moved(self.row.stage, self.row.looked_at)
        if time.monotonic() - self._noted_at >= NOTE_EVERY_S:
            self._note()

    def _note(self) -> None:
        self._noted_at = time.monotonic()
        row = self.row
        with self.context.transaction() as session:
            leases.progress(
                session,
                self.lease,
                utc_now(),
                stage=row.stage,
                cursor=row.cursor,
                looked_at=row.looked_at,
                ended=list(row.ended),
                counts=self.counts,
                findings=self.findings,
            )
