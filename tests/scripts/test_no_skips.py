"""A test that no lane has run fails CI, if what it lacked could have been there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import no_skips

Report = Callable[..., str]

NO_SERVER = "no POCOVID_TEST_DATABASE_URL: no PostgreSQL to test on"


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Write what pytest would of tests by their names: "" for one that ran, or why it did not."""

    def write(name: str, **tests: str) -> str:
        cases = "".join(
            f'<testcase classname="tests.a" name="{test}">'
            + (f'<skipped type="pytest.skip" message="{reason}"/>' if reason else "")
            + "</testcase>"
            for test, reason in tests.items()
        )
        path = tmp_path / name
        path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
        return str(path)

    return write


def test_one_that_ran_on_another_lane_is_fine(report: Report) -> None:
    reports = report("1", a="", b=NO_SERVER), report("2", b="")
    assert no_skips.main(*reports) == 0
    assert no_skips.main(*reversed(reports)) == 0


@pytest.mark.parametrize(
    "reason",
    [
        NO_SERVER,
        "no browser: none of chromium is on the PATH",
        "no docker-compose command",
        "axe-core is not installed: run scripts/frontend.sh install",
        "the page is not built: run scripts/frontend.sh",
    ],
)
def test_one_that_none_has_run_is_named(
    reason: str, report: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    assert no_skips.main(report("1", a="", b=reason), report("2", b=reason)) == 1
    assert f"tests.a.b: {reason}" in capsys.readouterr().err


@pytest.mark.parametrize("reason", ["pragmas are SQLite's", "no torch: it is not required"])
def test_one_without_a_point_here_is_fine(reason: str, report: Report) -> None:
    assert no_skips.main(report("1", a=reason)) == 0
    assert no_skips.main(report("1", a=NO_SERVER), report("2", a=reason)) == 0
