"""Accounts: signing up, in and out, the profile, the password.

Passwords are hashed and verified between transactions, never inside one: on SQLite, every other
writer would have to wait.
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
from backend.core.db import utc_now
from backend.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotSignedInError
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.tables import SignIn, User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session: the account, and the secret for the browser's cookie."""

    user: UserOut
    secret: str


def to_schema(user: User) -> UserOut:
    """The account as its owner sees it."""
    return UserOut.model_validate(user)


async def sign_up(
    session: Session, settings: Settings, hasher: Passwords, form: SignUpIn, old: str | None
) -> NewSession:
    """Create an account and start a session; the browser's `old` session ends.

    Raises:
        ForbiddenError: only administrators create accounts here.
        InvalidInputError: the password is not acceptable.
        ConflictError: an account with this address exists.
    """
    if not settings.open_sign_up:
        raise ForbiddenError(
            "Sign-up is closed: administrators create the accounts here. Please ask one of them.",
            code="sign_up_closed",
        )
    passwords.check(form.password, form.email, form.name)
    password_hash = await hasher.hash(form.password)

    def create() -> NewSession:
        user = User(
            email=form.email,
            name=form.name,
            affiliation=form.affiliation,
            password_hash=password_hash,
            created_at=utc_now(),
        )
        add(session, user)
        audit.record(session, user, "accounts.signed_up", "user", user.id)
        return _start_session(session, settings, user, old)

    return await to_thread.run_sync(create)


def add(session: Session, user: User) -> None:
    """Add an account.

    Raises:
        ConflictError: an account with this address exists.
    """
    try:
        repository.add(session, user)
    except IntegrityError as error:
        raise ConflictError(
            "An account with this address already exists. Sign in, or reset your password.",
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
) -> NewSession:
    """Start a session; the browser's `old` one ends.

    An unknown address and a wrong password take the same time and give the same answer.

    Raises:
        NotSignedInError: the address or the password is wrong.
        ForbiddenError: both are right, but the account is disabled.
    """
    user = await to_thread.run_sync(_find, read, email)
    password_hash = None if user is None else user.password_hash
    matches = await hasher.matches(password_hash, password)
    if user is None or password_hash is None or not matches:
        log.info("sign_in_refused", user=user and str(user.id))
        raise _wrong_credentials()
    new_hash = await hasher.hash(password) if passwords.is_outdated(password_hash) else None

    def begin() -> NewSession:
        current = repository.lock(session, user.id)
        if current is None or current.password_hash != password_hash:  # it changed in the meantime
            raise _wrong_credentials()
        if current.disabled_at is not None:
            raise ForbiddenError(
                "This account is disabled. Please contact an administrator.",
                code="account_disabled",
            )
        if new_hash is not None:
            current.password_hash = new_hash
        audit.record(session, current, "accounts.signed_in", "user", current.id)
        return _start_session(session, settings, current, old)

    return await to_thread.run_sync(begin)


def sign_out(session: Session, identity: Identity | None) -> None:
    """End the session, if there is one."""
    if identity is not None and identity.sign_in is not None:
        repository.end_sign_in(session, identity.sign_in.secret_sha256)
        audit.record(session, identity.user, "accounts.signed_out", "user", identity.user.id)


def change_profile(session: Session, identity: Identity, form: ProfileIn) -> UserOut:
    """Change the name or the affiliation."""
    user = _current(session, identity)
    changes = form.model_dump(exclude_none=True)
    for field, value in changes.items():
        setattr(user, field, value)
    if changes:
        audit.record(
            session, user, "accounts.profile_changed", "user", user.id, fields=sorted(changes)
        )
    return to_schema(user)


async def change_password(
    session: Session, hasher: Passwords, identity: Identity, current: str, new: str
) -> None:
    """Set another password; every other session ends.

    Raises:
        InvalidInputError: the current password is wrong, or the new one is not acceptable.
    """
    user = identity.user
    if not await hasher.matches(user.password_hash, current):
        raise InvalidInputError("The current password is wrong.", code="wrong_password")
    passwords.check(new, user.email, user.name)
    password_hash = await hasher.hash(new)

    def change() -> None:
        account = _current(session, identity)
        if account.password_hash != user.password_hash:
            raise InvalidInputError("The current password is wrong.", code="wrong_password")
        this_one = "" if identity.sign_in is None else identity.sign_in.secret_sha256
        set_password(session, account, password_hash, except_for=this_one)
        audit.record(session, account, "accounts.password_changed", "user", account.id)

    await to_thread.run_sync(change)


def set_password(session: Session, user: User, password_hash: str, except_for: str = "") -> None:
    """Store this hash; all sessions end `except_for` this one, and reset links become void."""
    user.password_hash = password_hash
    repository.end_sign_ins(session, user.id, except_for=except_for)
    repository.delete_resets(session, user.id)


def _find(read: Session, email: str) -> User | None:
    user = repository.by_email(read, email)
    read.close()  # the connection goes back before the password waits for its turn
    return user


def _current(session: Session, identity: Identity) -> User:
    user = repository.lock(session, identity.user.id)
    if user is None or user.disabled_at is not None:
        raise NotSignedInError("This account no longer exists.")
    return user


def _start_session(session: Session, settings: Settings, user: User, old: str | None) -> NewSession:
    """Start a session with a new secret, whatever the browser had before."""
    if old is not None:
        repository.end_sign_in(session, digest(old))
    secret, created_at = new_secret(), utc_now()
    repository.add(
        session,
        SignIn(
            secret_sha256=digest(secret),
            user_id=user.id,
            created_at=created_at,
            seen_at=created_at,
            expires_at=created_at + timedelta(hours=settings.session_hours),
        ),
    )
    return NewSession(to_schema(user), secret)


def _wrong_credentials() -> NotSignedInError:
    return NotSignedInError(
        "The address or the password is wrong. Please try again.", code="wrong_credentials"
    )
