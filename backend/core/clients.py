"""Who asks: a client's address as a digest, which tells clients apart and leads back to nobody."""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from datetime import datetime
from functools import cached_property


class Clients:
    """Digests of client addresses, made with this installation's key and another each day.

    They serve the rate limit and the order of the queue, where only a few minutes matter. So
    midnight does no harm here: what waits then counts for another client than what comes.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        """`key` gives the installation's key; it is asked once, when it is first needed."""
        self._ask = key

    @cached_property
    def _key(self) -> bytes:
        return self._ask()

    @property
    def is_ready(self) -> bool:
        """Whether the key is here already; else the next digest waits for it."""
        return "_key" in self.__dict__

    def get_ready(self) -> None:
        """Ask for the key now. Raises what that raises."""
        _ = self._key

    def digest(self, address: str | None, moment: datetime) -> str:
        """32 hexadecimal digits for the client at this address on the day of `moment`."""
        said = f"{moment:%Y-%m-%d} {network(address)}"
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:32]

    def mark(self, address: str | None, what: str) -> str:
        """32 hexadecimal digits for the client at this address in one matter, on any day.

        Of two matters the digits have nothing in common.
        """
        said = f"{what} {network(address)}"
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:32]


def network(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
