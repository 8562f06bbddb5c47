"""Fail when a log of the test run holds a credential, an address or a file name of a test."""

import sys
from collections.abc import Iterator
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / ".cache" / "logs"
"""What every process of a test run wrote, and beside it (`*.planted`) what must not be in there."""

IN_CLEAR = "mail_not_configured"
"""The one line that may hold a secret: a mail, where no mail server is set (docs/OPERATIONS.md)."""

SHORTEST = 6
"""Characters of what is looked for, at least."""

EXCERPT = 160
MOST_TOLD = 50


def main(folder: Path = LOGS) -> int:
    """Look through the folder; name where each secret was found. 2: there is nothing to look at."""
    logs = sorted(folder.glob("*.log"))
    planted = {line for file in folder.glob("*.planted") for line in file.read_text().splitlines()}
    if not logs or not planted:
        print(f"no logs, or nothing planted, in {folder}: run the tests first", file=sys.stderr)
        return 2
    beginnings: dict[str, list[str]] = {}
    for secret in planted:
        beginnings.setdefault(secret[:SHORTEST], []).append(secret)
    found = [f"{log}:{said}" for log in logs for said in _look(log, beginnings)]
    for said in found[:MOST_TOLD]:
        print(said, file=sys.stderr)
    print(f"{len(logs)} logs, {len(planted)} secrets: {len(found)} found")
    return 1 if found else 0


def _look(log: Path, beginnings: dict[str, list[str]]) -> Iterator[str]:
    """The secrets in this log, each with its line and an excerpt.

    Of thousands, in as many lines, only those are looked for whose beginning stands in the line.
    """
    with log.open(errors="replace") as file:
        for number, line in enumerate(file, 1):
            if IN_CLEAR in line:
                continue
            sequences = {line[at : at + SHORTEST] for at in range(len(line) - SHORTEST + 1)}
            for beginning in sequences & beginnings.keys():
                for secret in beginnings[beginning]:
                    if (at := line.find(secret)) >= 0:
                        excerpt = line[max(0, at - EXCERPT) : at + EXCERPT]
                        yield f"{number}: {secret!r} in {excerpt!r}"


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
