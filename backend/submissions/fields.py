"""What a contributor says about a recording: the fields, their defaults, what must be said.

Both the web application and the worker come here, so it knows neither.
"""

import hashlib
import hmac
from collections.abc import Mapping
from copy import copy
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.installation import key
from backend.settings import Settings
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

MOST_TEXT = {"source": 200, "patient": 200, "note": 2000}
"""Characters of what is free text."""

EMPTY: Mapping[str, Any] = {"source": "", "findings": {}, "symptoms": [], "note": ""}
"""What a field holds that was not filled, where that is not None."""


def effective(contribution: Contribution, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Every field as it counts: the recording's own, or else the submission's default."""
    own = {name: getattr(contribution, name) for name in FIELDS}
    return {name: own[name] or defaults.get(name) or EMPTY.get(name) for name in FIELDS}


def from_defaults(contribution: Contribution, defaults: Mapping[str, Any]) -> list[str]:
    """Names of the fields that count because of the defaults."""
    return [name for name in FIELDS if not getattr(contribution, name) and defaults.get(name)]


def put(contribution: Contribution, values: Mapping[str, Any]) -> None:
    """Write fields into the row; None empties one, so that the default counts again."""
    for name, value in values.items():
        setattr(contribution, name, copy(EMPTY.get(name)) if value is None else value)


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
    plain = "".join(pseudonym.split()).casefold()
    if not plain:
        return None
    said = f"pocovid patient {contributor_id} {plain}"
    return hmac.new(key.read(session, settings), said.encode(), hashlib.sha256).hexdigest()
