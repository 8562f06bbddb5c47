"""Passwords: which are taken, and Argon2id, a bounded number at a time."""

import os
import unicodedata
from functools import cache
from secrets import token_urlsafe

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.core.errors import InvalidInputError

SHORTEST = 12
LONGEST = 200

_hasher = PasswordHasher()


class Passwords:
    """Hashes and checks, as many at a time as there are processors: each takes 64 MiB.

    Whoever waits for a turn holds neither a thread nor a connection to the database.
    """

    def __init__(self) -> None:
        self._turns = CapacityLimiter(os.cpu_count() or 2)
        self._nobodys = _nobodys()

    async def hashed(self, password: str) -> str:
        """As `hashed`, in its turn."""
        return await to_thread.run_sync(hashed, password, limiter=self._turns)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is this password; with `kept` None, False after the same time."""
        against = kept or self._nobodys
        return await to_thread.run_sync(_matches, against, password, limiter=self._turns)


def check(password: str, *known: str) -> None:
    """Take long passwords, and none that is the owner's address or name.

    Raises:
        InvalidInputError: it is too short, too long, or one of what is `known` of its owner.
    """
    length = len(password)
    if length < SHORTEST:
        raise InvalidInputError(
            f"The password has {length} characters and needs at least {SHORTEST}: "
            "three or four words are good.",
            code="password_too_short",
        )
    if length > LONGEST:
        raise InvalidInputError(
            f"The password is longer than {LONGEST} characters.", code="password_too_long"
        )
    said = {_folded(each) for each in known} | {_folded(each.partition("@")[0]) for each in known}
    if _folded(password) in said:
        raise InvalidInputError(
            "The password must not be your name or address: anybody would try it first.",
            code="password_too_plain",
        )


def hashed(password: str) -> str:
    """What is kept of a password: Argon2id with its parameters, 97 characters."""
    return _hasher.hash(_normal(password))


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than new ones are."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    """Checked where there is no account, or none with a password, so that it takes as long.

    Made once in a process, for making it takes as long too.
    """
    return hashed(token_urlsafe())


def _matches(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """The same password however a keyboard composes its accents."""
    return unicodedata.normalize("NFKC", password)


def _folded(text: str) -> str:
    return "".join(_normal(text).casefold().split())
