"""Rate limits: moving windows, shared by all processes through Redis."""

import math
import time
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from backend.core.errors import RateLimitedError
from backend.core.settings import Settings

MINUTE_S = 60
QUARTER_S = 15 * MINUTE_S

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` in any `seconds`; `words` for people, such as "uploads in a minute"."""

    amount: int
    seconds: int
    words: str


def limits(settings: Settings) -> dict[str, Limit]:
    """The limits by name. Those ending in `_of` count per account, all others per client."""
    uploads = Limit(settings.uploads_per_minute, MINUTE_S, "uploads in a minute")
    reports = Limit(settings.uploads_per_minute, MINUTE_S, "reports in a minute")
    by_client = Limit(settings.attempts_per_client, QUARTER_S, "attempts in 15 minutes")
    by_account = Limit(settings.attempts_per_account, QUARTER_S, "attempts in 15 minutes")
    return {
        "recording": uploads,
        "screening": uploads,
        "report": reports,
        "sign_in": by_client,
        "sign_in_of": by_account,
        "sign_up": by_client,
        "sign_up_of": by_account,
        "reset": by_client,
        "reset_of": by_account,
    }


class RateLimit:
    """Counts requests, in Redis if that is the broker, else in this process."""

    def __init__(self, settings: Settings) -> None:
        self._limits = limits(settings)
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None
        if settings.broker_url.startswith(("redis://", "rediss://")):
            storage: Storage = storage_from_string(  # type: ignore[assignment]  # not the async one
                settings.broker_url,
                wrap_exceptions=True,
                key_prefix="pocovid:limit",
                socket_connect_timeout=1,
                socket_timeout=1,
            )
            self._shared = MovingWindowRateLimiter(storage)

    def hit(self, what: str, who: str) -> None:
        """Count one `what` (a name in `limits`) of a client or an account. May wait for Redis.

        Raises:
            RateLimitedError: with the seconds after which the next one is allowed.
        """
        limit = self._limits[what]
        item = RateLimitItemPerSecond(limit.amount, limit.seconds)
        limiter = self._shared or self._local
        try:
            wait_s = _hit(limiter, item, what, who)
        except StorageError as error:
            log.warning("rate_limit_storage_unreachable", error=repr(error))
            wait_s = _hit(self._local, item, what, who)
        if wait_s is not None:
            raise RateLimitedError(
                f"More than {limit.amount} {limit.words}. Please try again in {wait_s} seconds.",
                limit=limit.amount,
                retry_after_s=wait_s,
            )


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, what: str, who: str) -> int | None:
    if limiter.hit(item, what, who):
        return None
    free_at = limiter.get_window_stats(item, what, who).reset_time
    return max(1, math.ceil(free_at - time.time()))
