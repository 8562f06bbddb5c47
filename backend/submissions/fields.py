"""What a contributor says about a recording: the fields, their defaults, what must be said.

Both the web application and the worker come here, so it knows neither.
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
"""The columns that a contributor fills; a submission's defaults have them too."""

REQUIRED = ("label", "probe", "licence", "source")
"""Without these nothing is sent to the reviewers."""

MOST_NAME = 1024
"""Characters of a file's name with its folders."""

MOST_TEXT = {"source": 200, "patient": 200, "note": 2000}
"""Characters of what is free text."""

EMPTY: Mapping[str, Any] = {"source": "", "findings": {}, "symptoms": [], "note": ""}
"""What a field holds that was not filled, where that is not None."""


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes the beginning of a cell for a formula by."""


def unusable(name: str, text: str) -> str | None:
    """Why a text cannot be kept as it is, as a sentence; None where it can.

    A text is kept byte for byte or not at all. What is published as it is, the source, must not
    be what a spreadsheet runs.
    """
    if "\0" in text:
        return "It holds a NUL character, which cannot be kept. Remove it."
    if any("\ud800" <= each <= "\udfff" for each in text):
        return "It holds half of a character, which cannot be kept. Write it anew."
    if name == "file_name" and len(text) > MOST_NAME:
        return (
            f"The file's name is longer than {MOST_NAME} characters with its folders. Shorten it."
        )
    if name == "source" and text.startswith(FORMULA_STARTS):
        return (
            f"The source begins with {text[0]!r}, which spreadsheets take for a formula. Begin "
            "with a letter or a digit."
        )
    return None


def effective(contribution: Contribution, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Every field as it counts: the recording's own, or else the submission's default."""
    own = {name: getattr(contribution, name) for name in FIELDS}
    return {
        name: own[name] or _default(contribution, defaults, name) or EMPTY.get(name)
        for name in FIELDS
    }


def from_defaults(contribution: Contribution, defaults: Mapping[str, Any]) -> list[str]:
    """Names of the fields that count because of the defaults."""
    return [
        name
        for name in FIELDS
        if not getattr(contribution, name) and _default(contribution, defaults, name)
    ]


def _default(contribution: Contribution, defaults: Mapping[str, Any], name: str) -> Any:
    """The default, unless a table says something else that could not be used."""
    return None if name in contribution.withheld else defaults.get(name)


def put(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Write fields into the row; None empties one, so that the default counts again."""
    for name, value in values.items():
        setattr(contribution, name, copy(EMPTY.get(name)) if value is None else value)


def put_by_hand(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Write fields that a person set: no table changes them after that."""
    put(contribution, values)
    contribution.set_by_hand = sorted({*contribution.set_by_hand, *values})
    contribution.withheld = [name for name in contribution.withheld if name not in values]


def put_from_table(
    contribution: Contribution, values: Mapping[str, Any], refused: Collection[str]
) -> None:
    """Write what a table says, but for what a person set, in place of what one said before."""
    by_hand = contribution.set_by_hand
    before = contribution.set_by_table
    put(
        contribution, {name: values.get(name) for name in {*before, *values} if name not in by_hand}
    )
    contribution.set_by_table = sorted(values)
    contribution.withheld = sorted(set(refused).difference(by_hand))


def patient_hash(
    session: Session, settings: Settings, contributor_id: UUID, pseudonym: str
) -> str | None:
    """What is kept of a patient's pseudonym: 64 hexadecimal digits that lead back to nobody.

    A keyed HMAC-SHA256, so that nobody can try out names without the installation's key. Case and
    spaces do not matter. A pseudonym is its contributor's own: another's patient 17 is another
    patient. None for a pseudonym that says nothing.

    Raises:
        UnavailableError: the installation has no key yet (`backend.installation.key`).
    """
    composed = unicodedata.normalize("NFC", "".join(pseudonym.split()))
    plain = unicodedata.normalize("NFC", composed.casefold())
    if not plain:
        return None
    said = f"pocovid patient {contributor_id} {plain}"
    return hmac.new(key.read(session, settings), said.encode(), hashlib.sha256).hexdigest()
