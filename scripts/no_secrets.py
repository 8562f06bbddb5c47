"""Fail when a log of the test run holds a credential, an address or a file name of a test."""

import sys
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / ".cache" / "logs"
"""What every process of a test run wrote, and beside it (`*.planted`) what must not be in there."""

IN_CLEAR = "mail_without_a_server"
"""The one line that may hold a secret: a mail, where no mail server is set (docs/OPERATIONS.md)."""

EXCERPT = 160


def main(folder: Path = LOGS) -> int:
    """Look through the folder; name each place where something was found. 2: nothing to look at."""
    logs = sorted(folder.glob("*.log"))
    planted = {line for file in folder.glob("*.planted") for line in file.read_text().splitlines()}
    if not logs or not planted:
        print(f"no logs, or nothing planted, in {folder}: run the tests first", file=sys.stderr)
        return 2
    found = 0
    for log in logs:
        for number, line in enumerate(log.read_text(errors="replace").splitlines(), 1):
            if IN_CLEAR in line:
                continue
            for secret in planted:
                if secret and (at := line.find(secret)) >= 0:
                    found += 1
                    excerpt = line[max(0, at - EXCERPT) : at + EXCERPT]
                    print(f"{log}:{number}: {secret!r} in {excerpt!r}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
