"""Every setting is documented, with its default and an example that works from the environment."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from backend.core.settings import Settings, explain, variable

OPERATIONS = (Path(__file__).parents[3] / "docs" / "OPERATIONS.md").read_text()


def _rows() -> dict[str, tuple[str, str]]:
    """Of each variable in the table: its default and its example, as they are written."""
    table = OPERATIONS[OPERATIONS.index("| variable |") :]
    found: dict[str, tuple[str, str]] = {}
    for line in table[: table.index("\n\n")].splitlines()[2:]:
        names, default, example, _ = (cell.strip() for cell in line.strip("|").split(" | "))
        variables = re.findall(r"`([A-Z0-9_]+)`", names)
        examples = example.split(", ") if len(variables) > 1 else [example]
        assert len(variables) == len(examples), f"an example for each of {names}: {example}"
        defaults = default.split(", ") if len(variables) > 1 else [default]
        defaults = defaults if len(defaults) == len(variables) else [default] * len(variables)
        found |= dict(zip(variables, zip(defaults, examples, strict=True), strict=True))
    return found


ROWS = _rows()
FIELDS = {variable(name): name for name in Settings.model_fields}


def plain(value: Any) -> str:
    """A setting's value as somebody writes it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_operations_name_every_setting_and_nothing_else() -> None:
    assert set(ROWS) == set(FIELDS)
    documented = set(re.findall(r"`(POCOVID_[A-Z0-9_]+|HOST|PORT)`", OPERATIONS))
    assert documented == set(FIELDS)


def test_numbers_are_the_defaults() -> None:
    checked = 0
    for name, (default, _) in ROWS.items():
        if re.fullmatch(r"[\d,.]+", default) and FIELDS[name] != "host":
            assert float(default.replace(",", "")) == Settings.model_fields[FIELDS[name]].default
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", ROWS)
def test_the_example_counts_when_it_is_set_by_itself(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    default, example = ROWS[name]
    field = FIELDS[name]
    before = getattr(Settings(), field)
    monkeypatch.setenv(name, example)
    after = getattr(Settings(), field)
    assert after != before, f"{example} is {name}'s default ({default}): name another value"
    assert type(after) is type(before) or before is None
    if isinstance(after, float):
        assert after == float(example)
    else:
        assert plain(after).replace("+psycopg", "") == example


@pytest.mark.parametrize("name", ROWS)
def test_an_empty_value_is_the_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name, raising=False)
    before = Settings()
    monkeypatch.setenv(name, "")
    assert Settings() == before


NEVER = {"HOST", "POCOVID_DATA_DIR", "POCOVID_FRONTEND_DIR", "POCOVID_TRAINING_TRUNK",
         "POCOVID_DICOM_HOST", "POCOVID_DICOM_ALLOWED_TITLES", "POCOVID_DICOM_TLS_CERTIFICATE",
         "POCOVID_DICOM_TLS_KEY", "POCOVID_DICOM_TLS_CLIENT_CA", "POCOVID_DICOM_PEER_CA",
         "POCOVID_CLIENT_KEY", "POCOVID_MAIL_FROM", "POCOVID_S3_REGION",
         "POCOVID_S3_ACCESS_KEY", "POCOVID_S3_SECRET_KEY"}  # fmt: skip
"""Any text is a value of these."""


WRONG = ("Zw8 nonsense", "-1", "nan", "inf", "1e400", "s4://x:Zw8@y/z")


@pytest.mark.parametrize("name", sorted(set(ROWS) - NEVER))
def test_a_wrong_value_is_one_sentence_with_name_value_and_what_is_allowed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = not Settings.model_fields[FIELDS[name]].repr or "smtp" in FIELDS[name]
    for wrong in WRONG:
        monkeypatch.setenv(name, wrong)
        with pytest.raises(ValidationError) as caught:
            Settings()
        said = explain(caught.value)
        assert said.startswith(name + " is ")
        assert said.count("expected ") == 1
        assert said.endswith(".")
        assert "\n" not in said
        assert (wrong in said) is not secret


def test_a_number_beyond_its_bounds_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCOVID_REVIEWS_NEEDED", "3")
    monkeypatch.setenv("POCOVID_LOG_LEVEL", "loud")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert explain(caught.value) == (
        "POCOVID_REVIEWS_NEEDED is '3': expected a whole number, at least 1 and at most 2. "
        "POCOVID_LOG_LEVEL is 'loud': expected one of debug, info, warning, error."
    )


def test_limits_that_contradict_each_other_are_named() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(soft_time_limit_s=10, hard_time_limit_s=10)
    assert explain(caught.value).startswith("POCOVID_SOFT_TIME_LIMIT_S (10.0) must be below")
