"""What was measured, as one table for each database."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from scripts.bench.growth.measuring import Row

MOST_RATIO = 2.0
LEAST_MS = 2.0
"""A smaller difference is noise, whatever its ratio."""

Sizes = Mapping[int, Mapping[str, Row]]
"""For each size, the rows by the names of the calls."""


def show(database: str, sizes: Sizes) -> None:
    """Print the table of one database; rows that grew too much are marked with `<`."""
    console = Console(width=90 + 25 * len(sizes), highlight=False)
    table = Table(title=database, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("\nms: p50, p95, and CPU of this process", no_wrap=True)
    for size in sizes:
        table.add_column(f"{size:,}\np50", justify="right")
        table.add_column("\np95", justify="right")
        table.add_column("\nCPU", justify="right")
    for heading in ("p95\nratio", "", "least\nratio", "CPU\nratio", "state-\nments", "rows", "MB"):
        table.add_column(heading, justify="right")
    for name in _names(sizes):
        rows = [sizes[size].get(name, {}) for size in sizes]
        table.add_row(name, *_cells(rows))
    console.print(table)
    for size, found in sizes.items():
        memory = found[""]
        console.print(
            f"{size:,}: seeded in {memory['seeded_s']:.1f} s; resident {memory['resident_mb']:.0f} "
            f"MB after the start, {memory['peak_mb']:.0f} MB at the peak"
        )
    for size, name, error in _errors(sizes):
        console.print(f"failed at {size:,}: {name}: {error}", markup=False)
    grown = [name for name in _names(sizes) if has_grown(sizes, name)]
    surely = [name for name in grown if has_grown(sizes, name, by="least_ms")]
    for title, names in (
        (f"Above {MOST_RATIO:g} times by p95 (<)", grown),
        ("Of these also by their fastest time, which a busy machine disturbs least", surely),
    ):
        console.print(f"\n{title}: {', '.join(names) or 'none'}", markup=False)
    console.print()


def has_grown(sizes: Sizes, name: str, by: str = "p95_ms") -> bool:
    """Whether a call takes clearly more than twice as long at the largest size as at the first.

    Args:
        sizes: what was measured.
        name: the call's.
        by: which of its times (`measuring.measure`).
    """
    rows = [found.get(name, {}) for found in sizes.values()]
    first, last = rows[0].get(by), rows[-1].get(by)
    if first is None or last is None:
        return False
    return bool(last > MOST_RATIO * first and last - first > LEAST_MS)


def failed(sizes: Sizes) -> bool:
    """Whether a call was not answered at one of the sizes."""
    return bool(_errors(sizes))


def _errors(sizes: Sizes) -> list[tuple[int, str, str]]:
    return [
        (size, name, row["error"])
        for size, found in sizes.items()
        for name, row in found.items()
        if "error" in row
    ]


def _names(sizes: Sizes) -> list[str]:
    return [name for name in next(iter(sizes.values())) if name]


def _cells(rows: Sequence[Row]) -> list[str]:
    cells = [_ms(row.get(key)) for row in rows for key in ("p50_ms", "p95_ms", "cpu_ms")]
    first, last = rows[0], rows[-1]
    mark = "<" if has_grown(dict(enumerate({"": row} for row in rows)), "") else ""
    return [
        *cells,
        _ratio(first, last, "p95_ms"),
        mark,
        _ratio(first, last, "least_ms"),
        _ratio(first, last, "cpu_ms"),
        str(last.get("statements", "")),
        f"{last.get('rows', 0):,}",
        f"{last['peak_mb']:.0f}" if last.get("peak_mb", 0) >= 1 else "",
    ]


def _ratio(first: Row, last: Row, key: str) -> str:
    if not first.get(key) or key not in last:
        return ""
    return f"{last[key] / first[key]:.1f}"


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
