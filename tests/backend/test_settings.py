"""Every setting is documented, with its default as it is."""

import re
from pathlib import Path

from backend.settings import Settings

OPERATIONS = (Path(__file__).parents[2] / "docs" / "OPERATIONS.md").read_text()
SET_BY_OTHER_NAMES = {"host": "HOST", "port": "PORT"}


def test_operations_name_every_setting_and_nothing_else() -> None:
    documented = set(re.findall(r"`(POCOVID_[A-Z0-9_]+|HOST|PORT)`", OPERATIONS))
    known = {
        SET_BY_OTHER_NAMES.get(name, f"POCOVID_{name.upper()}") for name in Settings.model_fields
    }
    assert documented == known


def test_numbers_are_the_defaults() -> None:
    for row in re.findall(r"^\| (`POCOVID_.*?) \| ([\d, .]+) \|", OPERATIONS, re.MULTILINE):
        names = re.findall(r"`POCOVID_([A-Z0-9_]+)`", row[0])
        values = [float(each.replace(",", "")) for each in row[1].split(", ")]
        defaults = [float(Settings.model_fields[name.lower()].default) for name in names]
        assert values == defaults, names
