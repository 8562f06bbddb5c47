"""The installation's key, with which patients' pseudonyms and clients' addresses are hashed.

All processes on all hosts share it: with a different key, later recordings of a patient would not
be recognised as the same patient's. It is generated once and stored in the database, unless it is
set by POCOVID_CLIENT_KEY, which must then be the same for every process. It cannot be changed:
pseudonyms are not stored, so they cannot be hashed again.
"""

import hashlib
import hmac
from dataclasses import dataclass
from secrets import token_bytes

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.core.errors import UnavailableError
from backend.core.settings import Settings
from backend.installation import repository
from backend.tables import Installation

KEY_BYTES = 32

_NOT_SET_UP = "The service is not set up yet. Please try again later."

log = structlog.get_logger(__name__)


class WrongKeyError(Exception):
    """This process has, or would make, a different key from the installation's.

    The message says what to do. It names paths and settings, so it is only for the operator.
    """


@dataclass(frozen=True, slots=True)
class _Configured:
    """A key that this process was given; `origin` as in the table, `where` for people."""

    key: bytes
    origin: str
    where: str


def establish(database: Database, settings: Settings) -> bytes:
    """The installation's key; generated, or adopted from this process, where there is none yet.

    The setting takes precedence over a file `client.key` in the data folder, where earlier versions
    kept the key. Of several processes that start at once, one writes the row.

    Raises:
        WrongKeyError: this process has a different key from the installation's, or there is none
            although patients were hashed with one.
        SQLAlchemyError: the database is unreachable or not migrated.
    """
    if (key := check(database, settings)) is not None:
        return key
    configured = _configured(settings)
    with database.write() as session:
        if repository.get(session) is None:
            if configured is None and repository.has_patients(session):
                raise WrongKeyError(
                    "Patients of this installation were hashed with a key that is missing here. "
                    "Start the API first where the data folder holds the file client.key, or set "
                    "POCOVID_CLIENT_KEY to its former value. If that key is lost for good, set "
                    "POCOVID_CLIENT_KEY to a new random text of 32 characters or more: existing "
                    "patients will then count as new ones."
                )
            try:
                repository.add(session, _row(configured))
                session.commit()
            except IntegrityError:
                session.rollback()  # another process was faster; its key is used
    key = check(database, settings)
    assert key is not None  # noqa: S101  # the row is never deleted
    return key


def check(database: Database, settings: Settings) -> bytes | None:
    """The installation's key, or None while there is none yet.

    Raises:
        WrongKeyError, SQLAlchemyError: see `establish`.
    """
    with database.read() as session:
        row = repository.get(session)
    return None if row is None else _verified(row, _configured(settings))


def for_requests(database: Database, settings: Settings) -> bytes:
    """As `establish`, for an API that started while the database was unreachable.

    Raises:
        UnavailableError: instead of WrongKeyError, without what only the operator should know.
        SQLAlchemyError: see `establish`.
    """
    try:
        return establish(database, settings)
    except WrongKeyError as error:
        log.error("installation_key_differs", why=str(error))  # noqa: TRY400  # the traceback tells nothing more
        raise UnavailableError(_NOT_SET_UP) from error


def read(session: Session, settings: Settings) -> bytes:
    """The installation's key, within a transaction.

    Raises:
        UnavailableError: there is none yet, or this process was given a different one.
    """
    row = repository.get(session)
    try:
        if row is not None:
            return _verified(row, _configured(settings))
        log.error("installation_key_missing")
    except WrongKeyError as error:
        log.error("installation_key_differs", why=str(error))  # noqa: TRY400  # the traceback tells nothing more
    raise UnavailableError(_NOT_SET_UP)


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits that tell this key from others."""
    return hmac.new(key, b"pocovid installation key", hashlib.sha256).hexdigest()[:16]


def _row(configured: _Configured | None) -> Installation:
    configured = configured or _Configured(token_bytes(KEY_BYTES), "made", "")
    return Installation(
        id=repository.ROW_ID,
        key=None if configured.origin == "setting" else configured.key.hex(),
        key_fingerprint=fingerprint(configured.key),
        key_origin=configured.origin,
        created_at=utc_now(),
    )


def _verified(row: Installation, configured: _Configured | None) -> bytes:
    """The installation's key, provided that what this process was given agrees with it."""
    if configured is not None:
        own = fingerprint(configured.key)
        if not hmac.compare_digest(own, row.key_fingerprint):
            raise WrongKeyError(
                f"{configured.where} holds a different key ({own}) from this installation's "
                f"({row.key_fingerprint}): one patient would count as two. "
                f"{_remedy(row, configured)}"
            )
        return configured.key
    if row.key is None:
        raise WrongKeyError(
            f"This installation's key ({row.key_fingerprint}) is given by POCOVID_CLIENT_KEY, "
            "which is not set here. Set it as it is for the other processes."
        )
    return bytes.fromhex(row.key)


def _remedy(row: Installation, configured: _Configured) -> str:
    if row.key is None:
        return "Set POCOVID_CLIENT_KEY as it is for the other processes."
    action = "Unset it" if configured.origin == "setting" else "Move the file away"
    return (
        f"{action} to use the installation's key, which is in the database; patients hashed here "
        "so far will then count as new ones. A key cannot be changed."
    )


def _configured(settings: Settings) -> _Configured | None:
    if settings.client_key is not None:
        key = settings.client_key.get_secret_value().encode()
        return _Configured(key, "setting", "POCOVID_CLIENT_KEY")
    path = settings.data_dir / "client.key"
    try:
        key = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not key:
        raise WrongKeyError(f"The file {path} is empty: restore it from a backup, or remove it.")
    return _Configured(key, "file", f"The file {path}")
