"""Forgotten passwords: a link by mail that is good once, for an hour."""

from datetime import timedelta

from anyio import to_thread
from sqlalchemy.orm import Session

from backend.accounts import repository, service
from backend.accounts.identity import digest, new_secret
from backend.core import audit, passwords
from backend.core.db import now
from backend.core.errors import GoneError
from backend.core.mail import Mail
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.tables import PasswordReset, User

GOOD_FOR = timedelta(hours=1)

_SUBJECT = "A new password for POCOVIDScreen"
_TEXT = """\
Somebody, probably you, asked for a new password for your account at
{site}

To set one, open this page within an hour:

{link}

If it was not you, do nothing: your password stays as it is.
"""


def ask(session: Session, settings: Settings, email: str) -> Mail | None:
    """The mail with a link, if there is an account of this address.

    For after the answer: so that, and the time until it comes, are the same for every address.
    """
    user = repository.by_email(session, email)
    if user is None or user.disabled_at is not None:
        return None
    link = make_link(session, settings, user)
    audit.record(session, None, "accounts.reset_asked", "user", user.id)
    return Mail(user.email, _SUBJECT, _TEXT.format(site=settings.public_url, link=link))


def make_link(session: Session, settings: Settings, user: User) -> str:
    """A link that lets whoever has it set the account's password, once."""
    secret, moment = new_secret(), now()
    repository.add(
        session,
        PasswordReset(
            secret_sha256=digest(secret),
            user_id=user.id,
            created_at=moment,
            expires_at=moment + GOOD_FOR,
        ),
    )
    # after the #, which browsers send to no server
    return f"{settings.public_url}/#/reset/{secret}"


async def redeem(
    read: Session, session: Session, hasher: Passwords, secret: str, password: str
) -> None:
    """Set the password that a link allows; sessions end, and API tokens are revoked.

    Raises:
        GoneError: there is no such link, or it was used, or its hour is over.
        InvalidInputError: the password is not taken; the link stays good.
    """
    key = digest(secret)

    def look() -> User | None:
        user = repository.reset_open(read, key, now())
        read.close()
        return user

    user = await to_thread.run_sync(look)
    if user is None:
        raise _over()
    passwords.check(password, user.email, user.name)
    kept = await hasher.hashed(password)

    def use() -> None:
        mine = repository.locked(session, user.id)
        if mine is None or mine.disabled_at is not None:
            raise _over()
        if not repository.use_reset(session, key, now()):
            raise _over()
        service.set_password(session, mine, kept)
        # Whoever reads the address's mail owns the account, and not who had it before.
        revoked = repository.revoke_tokens(session, mine.id, now())
        audit.record(
            session, mine, "accounts.password_reset", "user", mine.id, tokens_revoked=revoked
        )

    await to_thread.run_sync(use)


def _over() -> GoneError:
    return GoneError(
        "This link was used, or its hour is over. Please ask for another one.",
        code="reset_link_over",
    )
