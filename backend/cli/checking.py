"""`pocovid check`: look at an existing installation, and mend what can be mended."""

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

app = typer.Typer()

CLEAN, FOUND, COULD_NOT_LOOK = 0, 1, 2
MOST_LINES = 50
"""So many findings of one kind are written, where people read them."""


@app.command()
def check(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what takes nobody's judgement.")] = False,
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
    """Hold labels, patients, bytes and pixels of this installation against each other.

    Status 0: nothing was found (or all of it is mended). 1: something was. 2: it could not look.
    """
    settings = read_settings()
    try:
        migrate_first(settings)
    except typer.Exit:
        raise typer.Exit(COULD_NOT_LOOK) from None
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
        wanted = CheckRunIn.model_validate({"fix": fix, "deep": deep, "only": only})
    except ValidationError:
        return _could_not(f"--only takes {', '.join(NAMES)}; got {', '.join(only)}.")
    database = Database.connect(settings)
    lines = _Lines(quiet=as_json)
    try:
        storage, celery = open_storage(settings), make_celery(settings)
        storage.check()
        transaction = partial(committing, database)
        with transaction() as session:
            row = service.start(session, None, wanted, attempt=1)
        lease = Lease(CHECKING, row.id, row.attempt, row)
        context = Context(database, transaction, storage, settings, celery, utc_now(), deep=deep)
        runner = Runner(context, lease, ALL, told=lines.told, moved=lines.moved)
        with Heartbeat(lambda: _renew(database, lease), settings.heartbeat_s):
            _run(database, runner)
    except PocovidError as error:
        return _could_not(error.detail)
    except LeaseLostError:
        return _could_not("A worker has taken this check over: see the page Check.")
    except (SQLAlchemyError, OSError) as error:
        from backend.core.redaction import redact

        return _could_not(f"The database or the storage cannot be used: {redact(str(error))}")
    finally:
        database.close()
    return _report(runner, lines, as_json=as_json)


def _run(database: "Database", runner: "Runner") -> None:
    """Run it, and leave no row behind that a worker would go on with."""
    from backend.core.db import utc_now
    from backend.jobs import leases

    try:
        runner.run()
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        why = "It was stopped." if stopped else "The storage or the database was away."
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
    left = sum(each["found"] - each["mended"] for each in counts.values())
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


def _summary(counts: Mapping[str, Mapping[str, int]], *, fixed: bool) -> str:
    found = sum(each["found"] for each in counts.values())
    if not found:
        return "Nothing was found."
    mendable = sum(each["mendable"] for each in counts.values())
    mended = sum(each["mended"] for each in counts.values())
    said = f"{found} found"
    if fixed:
        return f"{said}, {mended} mended, {found - mended} left."
    rest = found - mendable
    needs = "needs" if rest == 1 else "need"
    return f"{said}: --fix mends {mendable}, and {rest} {needs} a person."


def _could_not(why: str) -> int:
    typer.echo(f"The check could not look at everything. {why}", err=True)
    return COULD_NOT_LOOK


class _Lines:
    """Findings as they come, a line of progress below them on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._shows_progress = sys.stderr.isatty() and not quiet
        self._told: dict[str, int] = {}

    def told(self, finding: "Finding", mended: bool) -> None:  # as Runner calls it
        number = self._told[finding.kind] = self._told.get(finding.kind, 0) + 1
        if self._quiet or number > MOST_LINES:
            return
        self._clear()
        what = "mended" if mended else "can be mended" if finding.mend is not None else ""
        typer.echo(
            f"{finding.kind}  {finding.subject} {finding.id}" + (f"  [{what}]" if what else "")
        )
        typer.echo(f"    {finding.text}")
        if finding.advice:
            typer.echo(f"    {finding.advice}")

    def moved(self, stage: str, looked_at: int) -> None:
        """Write over the line of progress."""
        if self._shows_progress and looked_at % 25 == 1:
            self._clear()
            sys.stderr.write(f"{stage}: {looked_at} …")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line of progress away, and count what was not written."""
        self._clear()
        for kind, number in self._told.items():
            if number > MOST_LINES:
                typer.echo(f"{kind}: {number - MOST_LINES} more; --json has them.")

    def _clear(self) -> None:
        if self._shows_progress:
            sys.stderr.write("\r\033[K")
