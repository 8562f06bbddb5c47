"""Fail when tests that need a server or a tool were left out, though all of them are there."""

import re
import sys
from xml.etree import ElementTree as ET

NEEDS = re.compile(
    r"postgres|redis|services|POCOVID_TEST_|chromium|browser|playwright", re.IGNORECASE
)


def main(report: str) -> int:
    """Read a JUnit report of pytest and name what was skipped."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314  # our own file
    skipped = [
        f"{case.get('classname')}.{case.get('name')}: {skip.get('message')}"
        for case in cases
        for skip in case.findall("skipped")
        if NEEDS.search(skip.get("message") or "")
    ]
    for line in skipped:
        print(f"skipped on the full lane: {line}", file=sys.stderr)
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
