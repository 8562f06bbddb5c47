"""How often one client may send: a moving window of one minute, shared by processes with Redis."""

import math
import time

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from backend.errors import RateLimitedError
from backend.settings import Settings

log = structlog.get_logger(__name__)


class RateLimit:
    """Counts what each client sends. Kept in Redis where the broker is, else in this process."""

    def __init__(self, settings: Settings) -> None:
        self._item = RateLimitItemPerMinute(settings.uploads_per_minute)
        self._mine = MovingWindowRateLimiter(MemoryStorage())
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

    def hit(self, what: str, client: str) -> None:
        """Count one `what` (such as an upload) of one client. May wait for Redis.

        Raises:
            RateLimitedError: with the seconds after which the next one is taken.
        """
        limiter = self._shared or self._mine
        try:
            wait_s = _hit(limiter, self._item, what, client)
        except StorageError as error:
            log.warning("rate_limit_storage_down", error=repr(error))
            wait_s = _hit(self._mine, self._item, what, client)
        if wait_s is not None:
            raise RateLimitedError(
                f"More than {self._item.amount} uploads in a minute. "
                f"Please go on in {wait_s} seconds.",
                limit=self._item.amount,
                retry_after_s=wait_s,
            )


def _hit(
    limiter: MovingWindowRateLimiter, item: RateLimitItem, what: str, client: str
) -> int | None:
    if limiter.hit(item, what, client):
        return None
    free_at = limiter.get_window_stats(item, what, client).reset_time
    return max(1, math.ceil(free_at - time.time()))
