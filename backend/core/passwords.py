"""Passwords: which are acceptable, and hashing with Argon2id, a bounded number at a time."""

import os
import unicodedata
from functools import cache
from secrets import token_urlsafe

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from backend.core.errors import InvalidInputError

MIN_LENGTH = 12
MAX_LENGTH = 200

PARAMETERS = RFC_9106_LOW_MEMORY
"""Three passes over 64 MiB by four threads: RFC 9106, section 4, the second recommended option."""

hasher = PasswordHasher.from_parameters(PARAMETERS)


class Passwords:
    """Hashes and verifies, as many at a time as there are processors: each takes 64 MiB.

    A caller that waits holds neither a thread nor a database connection.
    """

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(os.cpu_count() or 2)
        self._dummy_hash = _dummy_hash()

    async def hash(self, password: str) -> str:
        """As `hash_password`, once a slot is free."""
        return await to_thread.run_sync(hash_password, password, limiter=self._limiter)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is of this password; for None, False after the same time."""
        against = password_hash or self._dummy_hash
        return await to_thread.run_sync(_matches, against, password, limiter=self._limiter)


def check(password: str, *personal: str) -> None:
    """Accept long passwords, but not the owner's address or name.

    Raises:
        InvalidInputError: it is too short, too long, or one of the owner's `personal` details.
    """
    length = len(password)
    if length < MIN_LENGTH:
        raise InvalidInputError(
            f"The password has {length} characters and needs at least {MIN_LENGTH}: "
            "three or four words work well.",
            code="password_too_short",
        )
    if length > MAX_LENGTH:
        raise InvalidInputError(
            f"The password is longer than {MAX_LENGTH} characters.", code="password_too_long"
        )
    guessable = {_folded(text) for text in personal} | {
        _folded(text.partition("@")[0]) for text in personal
    }
    if _folded(password) in guessable:
        raise InvalidInputError(
            "The password must not be your name or address: those are tried first.",
            code="password_too_plain",
        )


def hash_password(password: str) -> str:
    """The Argon2id hash of a password with its parameters, 97 characters."""
    return hasher.hash(_normalized(password))


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


@cache
def _dummy_hash() -> str:
    """Verified where there is no account or no password, so that this takes as long.

    Made once per process, since making it takes as long too.
    """
    return hash_password(token_urlsafe())


def _matches(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, _normalized(password))
    except (VerificationError, InvalidHashError):
        return False


def _normalized(password: str) -> str:
    """The password in one form, however the keyboard composed its accents."""
    return unicodedata.normalize("NFKC", password)


def _folded(text: str) -> str:
    return "".join(_normalized(text).casefold().split())
