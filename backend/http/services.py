"""The application's long-lived objects: made once, shared by all requests."""

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
    """The long-lived objects.

    `decode_limiter` bounds how many recordings are decoded at a time, `mail_limiter` how many
    mails are sent, `requests` how many requests hold a session of the database.
    """

    settings: Settings
    database: Database
    storage: Storage
    celery: Celery
    clients: Clients
    rate_limit: RateLimit
    requests: CapacityLimiter
    decode_limiter: CapacityLimiter
    passwords: Passwords
    mailer: Mailer
    mail_limiter: CapacityLimiter
