"""The command `growth`: how much slower each call becomes while an installation grows."""

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, create_engine

from scripts.bench.growth import calls, databases, measuring, report, seeding
from scripts.bench.growth.databases import Kind, UnavailableError
from scripts.bench.growth.measuring import Bounds, Row

SIZES = (1000, 10_000, 100_000)


def add_to(parsers: Any) -> None:
    """Add the command to the sub-commands of `argparse`."""
    usual = Bounds()
    parser = parsers.add_parser("growth", help=__doc__, description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="contributions")
    parser.add_argument(
        "--databases", nargs="+", choices=databases.KINDS, default=list(databases.KINDS)
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PATTERN", help="calls with this in their name"
    )
    parser.add_argument("--repeats", type=int, default=usual.repeats, help="of each call, at most")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="for each call")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also written there")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Measure what was chosen and print it; the exit status, which no time makes other than 0."""
    try:
        names = calls.chosen(chosen.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    bounds = Bounds(chosen.repeats, chosen.seconds)
    found: dict[str, dict[int, dict[str, Row]]] = {}
    for kind in chosen.databases:
        try:
            found[kind] = {
                size: measure(kind, size, names, bounds) for size in sorted(set(chosen.sizes))
            }
        except UnavailableError as error:
            print(f"{kind}: left out, {error}", file=sys.stderr)
            continue
        report.show(kind, found[kind])
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(found, indent=1))
    return int(any(report.failed(sizes) for sizes in found.values()))


def measure(kind: Kind, size: int, names: Sequence[str], bounds: Bounds) -> dict[str, Row]:
    """The calls on a new database of one kind and size (`measuring.measure`)."""
    with TemporaryDirectory(prefix="pocovid-growth-") as folder:
        place = Path(folder)
        with databases.new(kind, place) as url:
            began = time.monotonic()
            made = seed(url, size)
            seeded_s = time.monotonic() - began
            print(f"{kind}, {size:,}: seeded in {seeded_s:.1f} s", file=sys.stderr, flush=True)
            with ProcessPoolExecutor(1, mp_context=_processes()) as process:
                task = process.submit(measuring.measure, url, place / "data", made, names, bounds)
                found = task.result()
    found[""]["seeded_s"] = seeded_s
    return found


@cache
def _processes() -> BaseContext:
    """Makes processes that have imported the application and nothing more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([measuring.__name__])
    return context


def seed(url: str, size: int) -> seeding.Installation:
    """Fill an empty database."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if engine.name == "sqlite":
                _stop_waiting_for_the_disk(connection)
            with connection.begin():
                return seeding.seed(connection, size)
    finally:
        engine.dispose()


def _stop_waiting_for_the_disk(connection: Connection) -> None:
    """Have SQLite write each page once, whenever the system likes: a lost database is made anew."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    connection.commit()
