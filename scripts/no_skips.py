"""Fail when a test was left out on every lane for want of something that CI has."""

import re
import sys
from xml.etree import ElementTree as ET

WANTS = re.compile(r"no (?!torch)|axe-core is not|the page is not")
"""How the reasons begin that name what is missing; others say that a test has no point here."""


def main(*reports: str) -> int:
    """Read JUnit reports of pytest, one for each part of the lanes, and name what none has run."""
    settled: set[str] = set()
    skipped: dict[str, str] = {}
    for report in reports:
        for case in ET.parse(report).iter("testcase"):  # noqa: S314  # our own file
            name = f"{case.get('classname')}.{case.get('name')}"
            reasons = [skip.get("message") or "" for skip in case.findall("skipped")]
            if reasons and WANTS.match(reasons[0]):
                skipped[name] = reasons[0]
            else:
                settled.add(name)
    left_out = {name: reason for name, reason in skipped.items() if name not in settled}
    for name, reason in left_out.items():
        print(f"skipped on every lane: {name}: {reason}", file=sys.stderr)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
