"""The fields that a contributor fills in: their defaults, limits and required ones.

Shared by the web application and the worker.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Collection, Mapping
from copy import copy
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.installation import key
from backend.tables import Contribution
from backend.tables.contributions import FieldValues

FIELDS = (
    "label",
    "probe",
    "licence",
    "source",
    "patient_hash",
    "age_band",
    "sex",
    "blue_point",
    "findings",
    "symptoms",
    "note",
)
"""The columns that a contributor fills in, also in a submission's defaults."""

REQUIRED = ("label", "probe", "licence", "source")
"""Needed before a submission can be sent to the reviewers."""

MAX_NAME = 1024
"""Characters of a file name with its folders."""

MAX_TEXT = {"source": 200, "patient": 200, "note": 2000}
"""Characters of free-text fields."""

EMPTY: Mapping[str, Any] = {"source": "", "findings": {}, "symptoms": [], "note": ""}
"""The value of fields that are not filled in, where it is not None."""


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which spreadsheets recognise a formula."""


def unusable(name: str, text: str) -> str | None:
    """Why a text cannot be stored, as a sentence; None if it can.

    Texts are stored unchanged or not at all. The source is published as it is, so it must not be
    something that a spreadsheet would run.
    """
    if "\0" in text:
        return "It contains a NUL character, which cannot be stored. Remove it."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "It contains an incomplete character, which cannot be stored. Type it again."
    if name == "file_name" and len(text) > MAX_NAME:
        return f"The file's name is longer than {MAX_NAME} characters with its folders. Shorten it."
    if name == "source" and text.startswith(FORMULA_STARTS):
        return (
            f"The source begins with {text[0]!r}, which spreadsheets treat as a formula. Begin "
            "with a letter or a digit."
        )
    return None


def effective(contribution: Contribution, defaults: FieldValues) -> dict[str, Any]:
    """The effective value of every field: the recording's own, or else the default."""
    own = {name: getattr(contribution, name) for name in FIELDS}
    return {
        name: own[name] or _default(contribution, defaults, name) or EMPTY.get(name)
        for name in FIELDS
    }


def from_defaults(contribution: Contribution, defaults: FieldValues) -> list[str]:
    """Names of the fields whose effective value is the default."""
    return [
        name
        for name in FIELDS
        if not getattr(contribution, name) and _default(contribution, defaults, name)
    ]


def _default(contribution: Contribution, defaults: FieldValues, name: str) -> Any:
    """The default, unless a table has another value that could not be used."""
    return None if name in contribution.withheld else defaults.get(name)


def set_fields(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Set fields of the row; None clears one, so that the default applies again."""
    for name, value in values.items():
        setattr(contribution, name, copy(EMPTY.get(name)) if value is None else value)


def set_from_file(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Propose values that the file's own header gives; people and tables may say otherwise."""
    set_fields(contribution, values)
    contribution.set_by_file = sorted(values)


def set_by_hand(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Set fields on a person's behalf; no table changes them after that."""
    set_fields(contribution, values)
    contribution.set_by_hand = sorted({*contribution.set_by_hand, *values})
    contribution.set_by_file = [name for name in contribution.set_by_file if name not in values]
    contribution.withheld = [name for name in contribution.withheld if name not in values]


def set_from_table(
    contribution: Contribution, values: Mapping[str, Any], refused: Collection[str]
) -> None:
    """Replace the values of an earlier table by these, except where a person set the field."""
    by_hand = contribution.set_by_hand
    before = contribution.set_by_table
    changed = {name: values.get(name) for name in {*before, *values} if name not in by_hand}
    set_fields(contribution, changed)
    contribution.set_by_file = [name for name in contribution.set_by_file if name not in changed]
    contribution.set_by_table = sorted(values)
    contribution.withheld = sorted(set(refused).difference(by_hand))


def patient_hash(
    session: Session, settings: Settings, contributor_id: UUID, pseudonym: str
) -> str | None:
    """What is stored of a patient's pseudonym: 64 hexadecimal digits that identify nobody.

    A keyed HMAC-SHA256, so that names cannot be guessed without the installation's key. Case and
    spaces are ignored. Pseudonyms are per contributor: patient 17 of another contributor is
    another patient. None for a blank pseudonym.

    Raises:
        UnavailableError: the installation has no key yet (`backend.installation.key`).
    """
    composed = unicodedata.normalize("NFC", "".join(pseudonym.split()))
    plain = unicodedata.normalize("NFC", composed.casefold())
    if not plain:
        return None
    message = f"pocovid patient {contributor_id} {plain}"
    return hmac.new(key.read(session, settings), message.encode(), hashlib.sha256).hexdigest()
