"""From what was measured to a table for people and JSON for programs."""

import math
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.tables import Screening
from scripts.load.browsers import Asked, Notes
from scripts.load.service import Memory

Row = dict[str, Any]

FAR_S = 5.0
"""An estimate counts where at least so much time was left: below, a percentage means nothing."""


def spread(values: Sequence[float]) -> Row:
    """Count, median, 95th and 99th percentile and the largest."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(math.ceil(share * len(ordered)), len(ordered)) - 1], 4)

    return {
        "count": len(ordered),
        "p50": at(0.5),
        "p95": at(0.95),
        "p99": at(0.99),
        "max": at(1.0),
    }


def memory(used: Memory, seconds: float) -> Row:
    """Resident megabytes, and the share of one core."""
    return {
        "start_mb": round(used.start_mb, 1),
        "peak_mb": round(used.peak_mb, 1),
        "end_mb": round(used.end_mb, 1),
        "cores_used": round(used.cpu_s / seconds, 2),
    }


def answers(
    notes: Notes, rows: Mapping[str, Screening] | None, written: Mapping[str, int] | None
) -> Row:
    """What became of every accepted screening; lost and doubled must be 0.

    Lost: neither done with a result nor failed with a reason, as the service shows it and as
    its database has it. Doubled: a worker wrote an answer more than once.
    """
    lost = 0
    for screening_id, asked in notes.asked.items():
        shown = asked.end is not None and bool(asked.end["result"] or asked.end["error"])
        row = None if rows is None else rows.get(screening_id)
        kept = rows is None or (row is not None and bool(row.result or row.error_code))
        lost += not (shown and kept)
    ends = [asked.end["status"] for asked in notes.asked.values() if asked.end]
    return {
        "accepted": len(notes.asked),
        "done": ends.count("done"),
        "failed": ends.count("failed"),
        "lost": lost,
        "doubled": None if written is None else sum(n > 1 for n in written.values()),
        "second_attempts": (
            None if rows is None else sum(row.attempt > 1 for row in rows.values())
        ),
    }


def _moments(asked: Asked) -> tuple[float, float, float]:
    end = asked.end or {}
    created, started, finished = (
        datetime.fromisoformat(end[name]).timestamp()
        for name in ("created_at", "started_at", "finished_at")
    )
    return created, started, finished


def waits(asked: Sequence[Asked]) -> Row:
    """Seconds in line, and seconds from upload to answer."""
    moments = [_moments(answer) for answer in asked if answer.end and answer.end["started_at"]]
    return {
        "in_line": spread([started - created for created, started, _ in moments]),
        "to_answer": spread([finished - created for created, _, finished in moments]),
    }


def estimate_errors(asked: Sequence[Asked]) -> Row:
    """How far the seconds left that were shown were off, as a share of what was left.

    Only where at least FAR_S were left. `median_lean` has a sign: below 0, too few were shown.
    """
    leans: list[float] = []
    for answer in asked:
        if not answer.end or not answer.end["finished_at"]:
            continue
        finished = _moments(answer)[2]
        leans += [
            left_s / (finished - at) - 1
            for at, left_s in answer.estimates
            if finished - at >= FAR_S
        ]
    if not leans:
        return {"count": 0}
    return {
        "count": len(leans),
        "median_error": round(statistics.median(map(abs, leans)), 3),
        "median_lean": round(statistics.median(leans), 3),
    }


def throughput(asked: Sequence[Asked], seconds: float) -> Row:
    """Screenings and frames answered in a second."""
    done = [answer.end for answer in asked if answer.end and answer.end["status"] == "done"]
    frames = sum(end["progress"]["total"] for end in done)
    return {
        "screenings_per_s": round(len(done) / seconds, 2),
        "frames_per_s": round(frames / seconds, 2),
    }


def show(found: Row) -> None:
    """Print one aligned line for each group, nested groups below one another."""
    for name, value in found.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            for inner, each in value.items():
                _line(f"{name}, {inner}", each)
        else:
            _line(name, value)


def _line(name: str, value: Any) -> None:
    if isinstance(value, dict):
        value = "  ".join(f"{key} {each}" for key, each in value.items()) or "none"
    print(f"{name:28} {value}")
