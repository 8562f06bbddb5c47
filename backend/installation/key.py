"""The installation's key, with which patients' pseudonyms and clients' addresses are hashed.

There is one for all processes, on however many hosts: with another key, a patient's later
recordings would not be known to be of the same patient. It is made once and lies in the database,
unless a setting gives it, which then all processes must be given. It cannot be changed: what was
hashed with it cannot be hashed again, since no pseudonym is kept.
"""

import hashlib
import hmac
from dataclasses import dataclass
from secrets import token_bytes

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core.db import Database, now
from backend.core.errors import UnavailableError
from backend.core.settings import Settings
from backend.installation import repository
from backend.tables import Installation

KEY_BYTES = 32

_NOT_SET_UP = "The service is not set up yet. Please try again later."

log = structlog.get_logger(__name__)


class WrongKeyError(Exception):
    """This process has, or would make, another key than the installation's; the sentence says
    what to do. It names paths and settings, so it is for who runs the service alone.
    """


@dataclass(frozen=True, slots=True)
class _Offered:
    """A key that this process was given; `origin` as in the table, `where` for people."""

    key: bytes
    origin: str
    where: str


def establish(database: Database, settings: Settings) -> bytes:
    """The installation's key, made or taken over where there is none yet.

    A setting's is taken before that of a file `client.key` in the data folder, where versions
    before this one kept it. Of processes that start at once, one writes the row.

    Raises:
        WrongKeyError: this process is given another key than the installation's, or there is
            none and patients were hashed with one that is not here.
        SQLAlchemyError: the database is away, or not migrated.
    """
    if (key := check(database, settings)) is not None:
        return key
    offered = _offered(settings)
    with database.write() as session:
        if repository.get(session) is None:
            if offered is None and repository.has_patients(session):
                raise WrongKeyError(
                    "Patients of this installation were hashed with a key that is not here. Start "
                    "the API first where the data folder holds the file client.key, or set "
                    "POCOVID_CLIENT_KEY as it was. If that key is lost for good, set "
                    "POCOVID_CLIENT_KEY to a new random text of 32 characters or more: patients "
                    "known so far then count as others."
                )
            try:
                repository.add(session, _row(offered))
                session.commit()
            except IntegrityError:
                session.rollback()  # another process was faster: its key it is
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
    return None if row is None else _held_against(row, _offered(settings))


def for_requests(database: Database, settings: Settings) -> bytes:
    """As `establish`, for an API that started while the database was away.

    Raises:
        UnavailableError: as WrongKeyError, without what only its operator should know.
        SQLAlchemyError: see `establish`.
    """
    try:
        return establish(database, settings)
    except WrongKeyError as error:
        log.error("installation_key_differs", why=str(error))  # noqa: TRY400  # it is no surprise
        raise UnavailableError(_NOT_SET_UP) from error


def read(session: Session, settings: Settings) -> bytes:
    """The installation's key, within a transaction.

    Raises:
        UnavailableError: there is none yet, or this process was given another one.
    """
    row = repository.get(session)
    try:
        if row is not None:
            return _held_against(row, _offered(settings))
        log.error("installation_without_key")
    except WrongKeyError as error:
        log.error("installation_key_differs", why=str(error))  # noqa: TRY400  # it is no surprise
    raise UnavailableError(_NOT_SET_UP)


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits that tell this key from others."""
    return hmac.new(key, b"pocovid installation key", hashlib.sha256).hexdigest()[:16]


def _row(offered: _Offered | None) -> Installation:
    offered = offered or _Offered(token_bytes(KEY_BYTES), "made", "")
    return Installation(
        id=repository.ONLY,
        key=None if offered.origin == "setting" else offered.key.hex(),
        key_fingerprint=fingerprint(offered.key),
        key_origin=offered.origin,
        created_at=now(),
    )


def _held_against(row: Installation, offered: _Offered | None) -> bytes:
    """The installation's key, where what this process was given agrees with it."""
    if offered is not None:
        mine = fingerprint(offered.key)
        if not hmac.compare_digest(mine, row.key_fingerprint):
            raise WrongKeyError(
                f"{offered.where} holds another key ({mine}) than this installation's "
                f"({row.key_fingerprint}): one patient would count as two. {_way_out(row, offered)}"
            )
        return offered.key
    if row.key is None:
        raise WrongKeyError(
            f"This installation's key ({row.key_fingerprint}) is given by POCOVID_CLIENT_KEY, "
            "which is not set here. Set it as it is for the other processes."
        )
    return bytes.fromhex(row.key)


def _way_out(row: Installation, offered: _Offered) -> str:
    if row.key is None:
        return "Set POCOVID_CLIENT_KEY as it is for the other processes."
    what = "Unset it" if offered.origin == "setting" else "Move the file away"
    return (
        f"{what} to go on with the installation's key, which is in the database; patients that "
        "were hashed here before then count as others. A key cannot be changed."
    )


def _offered(settings: Settings) -> _Offered | None:
    if settings.client_key is not None:
        key = settings.client_key.get_secret_value().encode()
        return _Offered(key, "setting", "POCOVID_CLIENT_KEY")
    path = settings.data_dir / "client.key"
    try:
        key = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not key:
        raise WrongKeyError(f"The file {path} is empty: bring it back from a backup, or remove it.")
    return _Offered(key, "file", f"The file {path}")
