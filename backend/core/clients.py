"""Clients by a digest of their address, which tells them apart and cannot be traced back."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import cached_property


class Clients:
    """Keyed digests of client addresses; the daily ones change at midnight UTC.

    Those serve the rate limit and the fair order of the queue, where only a few minutes matter, so
    the change does no harm: what waits at midnight belongs to a different client than what comes.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        """`key` returns the installation's key; it is called once, on first use."""
        self._load_key = key

    @cached_property
    def _key(self) -> bytes:
        return self._load_key()

    @property
    def is_ready(self) -> bool:
        """Whether the key is loaded; otherwise the next digest has to wait for it."""
        return "_key" in self.__dict__

    def get_ready(self) -> None:
        """Load the key now. Raises whatever `key` raises."""
        _ = self._key

    def digest(self, address: str | None, at: datetime) -> str:
        """32 hexadecimal digits for the client at this address on the day of `at`."""
        message = f"{at:%Y-%m-%d} {network(address)}"
        return hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()[:32]

    def digest_for(self, address: str | None, purpose: str) -> str:
        """32 hexadecimal digits for the client at this address and one purpose, on any day.

        Digests for different purposes cannot be linked.
        """
        message = f"{purpose} {network(address)}"
        return hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()[:32]


def network(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
