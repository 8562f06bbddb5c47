"""The measurement of growth: every call is answered, and what grew too much is marked."""

import json
import sys
from pathlib import Path

import pytest

from scripts.bench.__main__ import main
from scripts.bench.growth import calls, report
from tests.conftest import POSTGRESQL

SIZES = ("50", "100")


def growth(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", "growth", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("database", ["sqlite", POSTGRESQL])
def test_every_call_is_answered_at_every_size(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database: str,
) -> None:
    file = tmp_path / "growth.json"
    once = ("--repeats", "1", "--seconds", "0", "--json", str(file))
    assert growth(monkeypatch, "--databases", database, "--sizes", *SIZES, *once) == 0
    assert "check of a submission of 240" in capsys.readouterr().out
    found = json.loads(file.read_text())[database]
    assert list(found) == list(SIZES)
    for rows in found.values():
        assert list(rows) == ["", *calls.every()]
        assert {each.name for each in calls.APPLICATION} <= {
            name for name, row in rows.items() if 200 <= (row.get("status") or 0) < 300
        }
        assert all(row["statements"] > 0 for name, row in rows.items() if name)


def test_a_pattern_that_no_call_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert growth(monkeypatch, "--only", "peeple") == 2
    assert "people by a part of a name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("first", "last", "grown"),
    [(10.0, 21.0, True), (10.0, 19.0, False), (0.1, 1.9, False), (0.1, 2.2, True)],
)
def test_more_than_twice_as_long_is_growth_unless_it_is_noise(
    first: float, last: float, grown: bool
) -> None:
    sizes = {1000: {"people": {"p95_ms": first}}, 100_000: {"people": {"p95_ms": last}}}
    assert report.has_grown(sizes, "people") is grown


def test_a_call_that_failed_is_no_growth_but_a_failure() -> None:
    sizes: report.Sizes = {
        1000: {"people": {"p95_ms": 1.0}},
        100_000: {"people": {"error": "500"}},
    }
    assert not report.has_grown(sizes, "people")
    assert report.failed(sizes)
