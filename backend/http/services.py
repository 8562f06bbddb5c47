"""The application's long-lived objects: made once, shared by all requests."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter
from celery import Celery

from backend.core.clients import Clients
from backend.core.db import REQUESTS_AT_ONCE, Database
from backend.core.mail import MAX_CONCURRENT_MAILS, Mailer
from backend.core.passwords import Passwords
from backend.core.settings import Settings
from backend.http.ratelimit import RateLimit
from backend.jobs.celery import make_celery
from backend.storage.base import Storage
from backend.storage.factory import open_storage


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


def make_services(
    settings: Settings, database: Database, load_key: Callable[[], bytes]
) -> Services:
    """The long-lived objects of a process, around its database.

    Args:
        settings: the process's.
        database: closed by whoever opened it.
        load_key: returns the installation's key; called once, on first use.
    """
    return Services(
        settings=settings,
        database=database,
        storage=open_storage(settings),
        celery=make_celery(settings),
        clients=Clients(load_key),
        rate_limit=RateLimit(settings),
        requests=CapacityLimiter(REQUESTS_AT_ONCE),
        decode_limiter=CapacityLimiter(os.cpu_count() or 2),
        passwords=Passwords(),
        mailer=Mailer(settings),
        mail_limiter=CapacityLimiter(MAX_CONCURRENT_MAILS),
    )
