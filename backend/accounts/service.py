"""The rules of accounts: signing up, in and out, the profile, the password.

Passwords are hashed and checked between transactions, never inside of one: on SQLite, everybody
else's writing would wait meanwhile.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from anyio import to_thread
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.accounts import repository
from backend.accounts.identity import Identity, digest, new_secret
from backend.accounts.schemas import ProfileIn, SignUpIn, UserOut
from backend.core import audit, passwords
from backend.core.db import now
from backend.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotSignedInError
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.tables import SignIn, User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun: the account, and the secret for the browser's cookie."""

    user: UserOut
    secret: str


def shown(user: User) -> UserOut:
    """The row as its owner sees it."""
    return UserOut.model_validate(user)


async def sign_up(
    session: Session, settings: Settings, hasher: Passwords, wanted: SignUpIn, old: str | None
) -> Begun:
    """Make an account and begin a session of it; the browser's `old` session ends.

    Raises:
        ForbiddenError: accounts are made by administrators only.
        InvalidInputError: the password is not taken.
        ConflictError: there is an account with this address.
    """
    if not settings.open_sign_up:
        raise ForbiddenError(
            "Accounts are made by an administrator here. Please ask one.", code="sign_up_closed"
        )
    passwords.check(wanted.password, wanted.email, wanted.name)
    kept = await hasher.hashed(wanted.password)

    def make() -> Begun:
        user = User(
            email=wanted.email,
            name=wanted.name,
            affiliation=wanted.affiliation,
            password_hash=kept,
            created_at=now(),
        )
        add(session, user)
        audit.record(session, user, "accounts.signed_up", "user", user.id)
        return _begin(session, settings, user, old)

    return await to_thread.run_sync(make)


def add(session: Session, user: User) -> None:
    """Add an account.

    Raises:
        ConflictError: there is one with this address.
    """
    try:
        repository.add(session, user)
    except IntegrityError as error:
        raise ConflictError(
            "There is an account with this address. Sign in, or have a link for a new password "
            "sent to you.",
            code="address_taken",
        ) from error


async def sign_in(
    read: Session,
    session: Session,
    settings: Settings,
    hasher: Passwords,
    email: str,
    password: str,
    old: str | None,
) -> Begun:
    """Begin a session; the browser's `old` one ends.

    Takes as long and says the same whether there is no such account or another password.

    Raises:
        NotSignedInError: the address or the password is wrong.
        ForbiddenError: both are right, but the account is disabled.
    """
    user = await to_thread.run_sync(_look, read, email)
    kept = None if user is None else user.password_hash
    right = await hasher.matches(kept, password)
    if user is None or kept is None or not right:
        log.info("sign_in_refused", user=user and str(user.id))
        raise _wrong()
    renewed = await hasher.hashed(password) if passwords.is_outdated(kept) else None

    def begin() -> Begun:
        current = repository.locked(session, user.id)
        if current is None or current.password_hash != kept:  # changed while it was checked
            raise _wrong()
        if current.disabled_at is not None:
            raise ForbiddenError(
                "This account is disabled. Please ask an administrator.", code="account_disabled"
            )
        if renewed is not None:
            current.password_hash = renewed
        audit.record(session, current, "accounts.signed_in", "user", current.id)
        return _begin(session, settings, current, old)

    return await to_thread.run_sync(begin)


def sign_out(session: Session, identity: Identity | None) -> None:
    """End the session, where there is one."""
    if identity is not None and identity.sign_in is not None:
        repository.end_sign_in(session, identity.sign_in.secret_sha256)
        audit.record(session, identity.user, "accounts.signed_out", "user", identity.user.id)


def change_profile(session: Session, identity: Identity, wanted: ProfileIn) -> UserOut:
    """Change the name or the affiliation."""
    user = _current(session, identity)
    changes = wanted.model_dump(exclude_none=True)
    for field, value in changes.items():
        setattr(user, field, value)
    if changes:
        audit.record(
            session, user, "accounts.profile_changed", "user", user.id, fields=sorted(changes)
        )
    return shown(user)


async def change_password(
    session: Session, hasher: Passwords, identity: Identity, current: str, wanted: str
) -> None:
    """Set another password; every other session ends.

    Raises:
        InvalidInputError: the current password is another one, or the new one is not taken.
    """
    user = identity.user
    if not await hasher.matches(user.password_hash, current):
        raise InvalidInputError("The current password is another one.", code="wrong_password")
    passwords.check(wanted, user.email, user.name)
    kept = await hasher.hashed(wanted)

    def change() -> None:
        mine = _current(session, identity)
        if mine.password_hash != user.password_hash:
            raise InvalidInputError("The current password is another one.", code="wrong_password")
        this_one = "" if identity.sign_in is None else identity.sign_in.secret_sha256
        set_password(session, mine, kept, but=this_one)
        audit.record(session, mine, "accounts.password_changed", "user", mine.id)

    await to_thread.run_sync(change)


def set_password(session: Session, user: User, kept: str, but: str = "") -> None:
    """Keep this hash; sessions end, but for this one, and links that were mailed are void."""
    user.password_hash = kept
    repository.end_sign_ins(session, user.id, but=but)
    repository.forget_resets(session, user.id)


def _look(read: Session, email: str) -> User | None:
    user = repository.by_email(read, email)
    read.close()  # the connection goes back before the password's turn comes
    return user


def _current(session: Session, identity: Identity) -> User:
    user = repository.locked(session, identity.user.id)
    if user is None or user.disabled_at is not None:
        raise NotSignedInError("This account is not there any more.")
    return user


def _begin(session: Session, settings: Settings, user: User, old: str | None) -> Begun:
    """A session with a new secret, whatever the browser had before."""
    if old is not None:
        repository.end_sign_in(session, digest(old))
    secret, moment = new_secret(), now()
    repository.add(
        session,
        SignIn(
            secret_sha256=digest(secret),
            user_id=user.id,
            created_at=moment,
            seen_at=moment,
            expires_at=moment + timedelta(hours=settings.session_hours),
        ),
    )
    return Begun(shown(user), secret)


def _wrong() -> NotSignedInError:
    return NotSignedInError(
        "The address or the password is wrong. Please try again.", code="wrong_credentials"
    )
