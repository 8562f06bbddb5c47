"""Running a check: one kind of damage after another, with mending and progress.

A worker or the command line does this, never the web application.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.leases import Lease
from backend.system.checks.contents import contents
from backend.system.checks.finding import Check as CheckFunction
from backend.system.checks.finding import Context, Finding
from backend.system.checks.labels import labels
from backend.system.checks.missing import missing
from backend.system.checks.patients import patients
from backend.system.checks.releases import releases
from backend.system.checks.stray import stray
from backend.tables import Check
from backend.tables.checks import FindingCount, StoredFinding

log = structlog.get_logger(__name__)

CHECKS: Mapping[str, CheckFunction] = {
    "labels": labels,
    "patients": patients,
    "releases": releases,
    "missing": missing,
    "contents": contents,
    "stray": stray,
}
"""In this order: bytes are deleted last. The worker adds the check that decodes pixels."""

NAMES = ("labels", "patients", "releases", "missing", "contents", "pixels", "stray")
"""All checks, including that of pixels."""

MAX_FINDINGS = 1000
"""Findings stored per check; all are counted."""

NOTE_EVERY_S = 1.0


@dataclass
class Runner:
    """One attempt at a check, continuing where the last one was interrupted.

    `told` is called with each finding, and `moved` with progress.
    """

    context: Context
    lease: Lease[Check]
    checks: Mapping[str, CheckFunction]
    on_finding: Callable[[Finding, bool], None] = lambda _finding, _mended: None
    on_progress: Callable[[str, int], None] = lambda _stage, _looked_at: None
    counts: dict[str, FindingCount] = field(init=False)
    findings: list[StoredFinding] = field(init=False)
    _known: set[tuple[str, str, str, str]] = field(init=False, repr=False)
    _noted_at: float = 0.0

    @property
    def row(self) -> Check:
        """The check as it was leased, and how far this attempt is."""
        return self.lease.row

    def __post_init__(self) -> None:
        self.counts = {kind: count.copy() for kind, count in self.row.counts.items()}
        self.findings = list(self.row.findings)
        self._known = {
            (finding["kind"], finding["subject"], finding["id"], finding["text"])
            for finding in self.findings
        }

    def run(self) -> None:
        """Run all requested checks.

        Raises:
            LeaseLostError: the lease is lost.
            PocovidError, SQLAlchemyError: the storage or the database is unreachable.
        """
        row = self.row
        names = [name for name in self.checks if not row.only or name in row.only]
        for name in names:
            if name in row.ended:
                continue
            if row.stage != name:
                row.stage, row.cursor, row.looked_at = name, "", 0
            self._note()
            context = replace(self.context, after=row.cursor, progress=self._progress)
            for finding in self.checks[name](context):
                self._handle(context, finding)
            row.ended = [*row.ended, name]
            row.cursor = ""
            self._note()
        log.info("check_completed", check=str(row.id), counts=self.counts)

    def _handle(self, context: Context, finding: Finding) -> None:
        """Count a finding, and mend it if that was requested and is possible."""
        mended = False
        if self.row.fix and finding.mend is not None:
            mended = finding.mend(context, finding)
        entry = finding.to_dict(mended=mended)
        key = (finding.kind, finding.subject, finding.id, finding.text)
        if key in self._known:
            return  # it was found by an earlier attempt
        self._known.add(key)
        count = self.counts.setdefault(finding.kind, {"found": 0, "mendable": 0, "mended": 0})
        count["found"] += 1
        count["mendable"] += finding.mend is not None
        count["mended"] += mended
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(entry)
        self.on_finding(finding, mended)

    def _progress(self, cursor: str) -> None:
        self.row.cursor = cursor or self.row.cursor
        self.row.looked_at += 1
        self.on_progress(self.row.stage, self.row.looked_at)
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
