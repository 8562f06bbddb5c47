"""What the application holds while it runs: made once, handed to every request."""

from dataclasses import dataclass

from anyio import CapacityLimiter
from celery import Celery

from backend.core.clients import Clients
from backend.core.db import Database
from backend.core.mail import Mailer
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.http.ratelimit import RateLimit
from backend.storage.base import Storage


@dataclass(frozen=True, slots=True)
class Services:
    """The long-lived parts.

    `decoders` bounds how many recordings are probed at a time, `postmen` how many mails are sent,
    `requests` how many requests have a session of the database.
    """

    settings: Settings
    database: Database
    storage: Storage
    celery: Celery
    clients: Clients
    rate_limit: RateLimit
    requests: CapacityLimiter
    decoders: CapacityLimiter
    passwords: Passwords
    mailer: Mailer
    postmen: CapacityLimiter
