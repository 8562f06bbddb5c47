"""`pocovid check`: check an existing installation, and mend what can be mended."""

import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli.start import committing, migrate_first, read_settings

if TYPE_CHECKING:
    from backend.core.db import Database
    from backend.core.settings import Settings
    from backend.jobs.leases import Lease
    from backend.system.checks.finding import Finding
    from backend.system.checks.run import Runner
    from backend.tables import Check
    from backend.tables.checks import FindingCount

app = typer.Typer()

CLEAN, FOUND, INCOMPLETE = 0, 1, 2
MAX_LINES = 50
"""Findings of one kind that are printed for people."""


@app.command()
def check(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what needs no human judgement.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read and hash all stored bytes.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="labels, patients, releases, missing, contents, pixels, stray. [default: all]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check labels, patients, bytes and pixels of this installation for consistency.

    Exit status 0: no findings (or all mended). 1: findings. 2: the check could not run.
    """
    settings = read_settings()
    try:
        migrate_first(settings)
    except typer.Exit:
        raise typer.Exit(INCOMPLETE) from None
    raise typer.Exit(_check(settings, fix=fix, deep=deep, only=only or [], as_json=as_json))


def _check(settings: "Settings", *, fix: bool, deep: bool, only: list[str], as_json: bool) -> int:
    from pydantic import ValidationError
    from sqlalchemy.exc import SQLAlchemyError

    from backend.core.db import Database, utc_now
    from backend.core.errors import PocovidError
    from backend.jobs.celery import make_celery
    from backend.jobs.kinds import CHECKING
    from backend.jobs.leases import Lease, LeaseLostError
    from backend.storage.factory import open_storage
    from backend.system.checks import service
    from backend.system.checks.finding import Context
    from backend.system.checks.run import NAMES, Runner
    from backend.system.checks.schemas import CheckRunIn
    from worker.checks.task import ALL
    from worker.process import Heartbeat

    try:
        options = CheckRunIn.model_validate({"fix": fix, "deep": deep, "only": only})
    except ValidationError:
        return _incomplete(f"--only takes {', '.join(NAMES)}; got {', '.join(only)}.")
    database = Database.connect(settings)
    lines = _Lines(quiet=as_json)
    try:
        storage, celery = open_storage(settings), make_celery(settings)
        storage.check()
        transaction = partial(committing, database)
        with transaction() as session:
            row = service.start(session, None, options, attempt=1)
        lease = Lease(CHECKING, row.id, row.attempt, row)
        context = Context(database, transaction, storage, settings, celery, utc_now(), deep=deep)
        runner = Runner(context, lease, ALL, on_finding=lines.finding, on_progress=lines.progress)
        with Heartbeat(lambda: _renew(database, lease), settings.heartbeat_s):
            _run(database, runner)
    except PocovidError as error:
        return _incomplete(error.detail)
    except LeaseLostError:
        return _incomplete("A worker has taken over this check: see the page Check.")
    except (SQLAlchemyError, OSError) as error:
        from backend.core.redaction import redact

        return _incomplete(f"The database or the storage cannot be used: {redact(str(error))}")
    finally:
        database.close()
    return _report(runner, lines, as_json=as_json)


def _run(database: "Database", runner: "Runner") -> None:
    """Run it, and leave no row behind that a worker would continue."""
    from backend.core.db import utc_now
    from backend.jobs import leases

    try:
        runner.run()
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        why = "It was stopped." if stopped else "The storage or the database was unreachable."
        with committing(database) as session:
            leases.fail(session, runner.lease, leases.Failure(why), utc_now())
        raise
    with committing(database) as session:
        leases.complete(session, runner.lease, utc_now())


def _renew(database: "Database", lease: "Lease[Check]") -> None:
    from backend.core.db import utc_now
    from backend.jobs import leases

    with committing(database) as session:
        leases.renew(session, lease, utc_now())


def _report(runner: "Runner", lines: "_Lines", *, as_json: bool) -> int:
    counts = runner.counts
    left = sum(count["found"] - count["mended"] for count in counts.values())
    if as_json:
        document = {
            "clean": left == 0,
            "looked_for": runner.row.ended,
            "counts": counts,
            "findings": runner.findings,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        lines.end()
        typer.echo(_summary(counts, fixed=runner.row.fix))
    return FOUND if left else CLEAN


def _summary(counts: Mapping[str, "FindingCount"], *, fixed: bool) -> str:
    found = sum(count["found"] for count in counts.values())
    if not found:
        return "No findings."
    mendable = sum(count["mendable"] for count in counts.values())
    mended = sum(count["mended"] for count in counts.values())
    summary = f"{found} found"
    if fixed:
        return f"{summary}, {mended} mended, {found - mended} left."
    rest = found - mendable
    needs = "needs" if rest == 1 else "need"
    return f"{summary}: --fix mends {mendable}, and {rest} {needs} a person."


def _incomplete(why: str) -> int:
    typer.echo(f"The check is incomplete. {why}", err=True)
    return INCOMPLETE


class _Lines:
    """Prints findings as they come, with a line of progress below them on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._shows_progress = sys.stderr.isatty() and not quiet
        self._counts: dict[str, int] = {}

    def finding(self, finding: "Finding", mended: bool) -> None:  # as Runner calls it
        number = self._counts[finding.kind] = self._counts.get(finding.kind, 0) + 1
        if self._quiet or number > MAX_LINES:
            return
        self._clear()
        what = "mended" if mended else "can be mended" if finding.mend is not None else ""
        typer.echo(
            f"{finding.kind}  {finding.subject} {finding.id}" + (f"  [{what}]" if what else "")
        )
        typer.echo(f"    {finding.text}")
        if finding.advice:
            typer.echo(f"    {finding.advice}")

    def progress(self, stage: str, looked_at: int) -> None:
        """Overwrite the line of progress."""
        if self._shows_progress and looked_at % 25 == 1:
            self._clear()
            sys.stderr.write(f"{stage}: {looked_at} …")
            sys.stderr.flush()

    def end(self) -> None:
        """Remove the line of progress, and count what was not printed."""
        self._clear()
        for kind, number in self._counts.items():
            if number > MAX_LINES:
                typer.echo(f"{kind}: {number - MAX_LINES} more; --json has them.")

    def _clear(self) -> None:
        if self._shows_progress:
            sys.stderr.write("\r\033[K")
