"""Forgotten passwords: a mailed link that works once, within an hour."""

from datetime import timedelta

from anyio import to_thread
from sqlalchemy.orm import Session

from backend.accounts import repository, service
from backend.accounts.identity import digest, new_secret
from backend.core import audit, passwords
from backend.core.db import utc_now
from backend.core.errors import GoneError
from backend.core.mail import Mail
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.tables import PasswordReset, User

VALID_FOR = timedelta(hours=1)

_SUBJECT = "A new password for POCOVIDScreen"
_BODY = """\
Somebody, probably you, asked to reset the password of your account at
{site}

To set a new password, open this page within an hour:

{link}

If it was not you, ignore this message: your password stays as it is.
"""


def request(session: Session, settings: Settings, email: str) -> Mail | None:
    """The mail with a reset link; None if no account has this address.

    Call it after the response was sent, so that the response and its timing are the same for
    every address.
    """
    user = repository.by_email(session, email)
    if user is None or user.disabled_at is not None:
        return None
    link = make_link(session, settings, user)
    audit.record(session, None, "accounts.reset_requested", "user", user.id)
    return Mail(user.email, _SUBJECT, _BODY.format(site=settings.public_url, link=link))


def make_link(session: Session, settings: Settings, user: User) -> str:
    """A link that lets its holder set the account's password, once."""
    secret, created_at = new_secret(), utc_now()
    repository.add(
        session,
        PasswordReset(
            secret_sha256=digest(secret),
            user_id=user.id,
            created_at=created_at,
            expires_at=created_at + VALID_FOR,
        ),
    )
    # behind the #, which browsers never send to a server
    return f"{settings.public_url}/#/reset/{secret}"


async def redeem(
    read: Session, session: Session, hasher: Passwords, secret: str, password: str
) -> None:
    """Set a new password with a reset link; sessions end, and API tokens are revoked.

    Raises:
        GoneError: there is no such link, or it was used or has expired.
        InvalidInputError: the password is not acceptable; the link stays valid.
    """
    key = digest(secret)

    def find_user() -> User | None:
        user = repository.user_of_reset(read, key, utc_now())
        read.close()
        return user

    user = await to_thread.run_sync(find_user)
    if user is None:
        raise _expired()
    passwords.check(password, user.email, user.name)
    password_hash = await hasher.hash(password)

    def set_password() -> None:
        account = repository.lock(session, user.id)
        if account is None or account.disabled_at is not None:
            raise _expired()
        if not repository.redeem_reset(session, key, utc_now()):
            raise _expired()
        service.set_password(session, account, password_hash)
        # Whoever reads mail at this address owns the account now, and not whoever had it before.
        revoked = repository.revoke_tokens(session, account.id, utc_now())
        audit.record(
            session, account, "accounts.password_reset", "user", account.id, tokens_revoked=revoked
        )

    await to_thread.run_sync(set_password)


def _expired() -> GoneError:
    return GoneError(
        "This link has been used or has expired. Please request a new one.",
        code="reset_link_over",
    )
