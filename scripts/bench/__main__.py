"""Time the engine against the reference: five complete Keras models, called one after the other.

`make bench` runs every row in one go, prints a table and writes JSON. Every figure is shown as a
ratio to the reference of the same run. `growth` times the application instead, on databases of
several sizes.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.bench import report
from scripts.bench.growth import command as growth
from scripts.bench.rows import DATASET, NEED_RECORDINGS, ROWS, Row

HOUSE = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=ROWS, help="run this row here and print its JSON")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), help="these rows")
    parser.add_argument("--json", type=Path, default=HOUSE / ".cache" / "bench.json")
    parser.set_defaults(run=engine)
    growth.add_to(parser.add_subparsers(title="other measurements"))
    chosen = parser.parse_args()
    sys.exit(chosen.run(chosen))


def engine(chosen: argparse.Namespace) -> int:
    """Run the rows one after the other and print what they found."""
    if chosen.row:
        print(json.dumps(ROWS[chosen.row]()))
        return 0
    found: dict[str, Row] = {}
    for name in chosen.only:
        if name in NEED_RECORDINGS and not DATASET.is_dir():
            print(f"{name}: left out, there is no {DATASET}", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        found[name] = _in_own_process(name)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1))
    report.show(found)
    print(f"\nThe same as JSON: {chosen.json}")
    return 0


def _in_own_process(name: str) -> Row:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench", "--row", name],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HOUSE)},
    )
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
