"""The table of PS3.15: what becomes of each attribute of a data set."""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

EDITION = "PS3.15 2026c"

Action = Literal["D", "Z", "X", "U", "C"]
"""Replace by a dummy, empty, remove, replace the UID, clean."""

_CHOICES: dict[str, Action] = {
    "D": "D",
    "Z": "Z",
    "X": "X",
    "U": "U",
    "Z/D": "D",
    "X/Z": "Z",
    "X/D": "D",
    "X/Z/D": "D",
    "X/Z/U*": "U",
}
"""Where the table leaves the choice to the type of the attribute, the one that fits every type."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the Basic Profile does with an attribute, and what the option Modified Dates does."""

    basic: Action
    modified_dates: Action


@functools.cache
def rules() -> dict[int, Rule]:
    """The rules by tag."""
    path = Path(__file__).parent / "profile.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {int(row["group"] + row["element"], 16): _rule(row) for row in rows}


def _rule(row: dict[str, str]) -> Rule:
    basic = _CHOICES[row["basic"]]
    return Rule(basic, cast("Action", row["modified_dates"]) or basic)
