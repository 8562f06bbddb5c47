"""Who asks: a client's address as a digest, which tells clients apart and leads back to nobody."""

import hashlib
import hmac
import ipaddress
import os
import tempfile
from datetime import datetime
from pathlib import Path
from secrets import token_bytes

from backend.settings import Settings

KEY_BYTES = 32


class Clients:
    """Digests of client addresses, made with this installation's key and another each day.

    They serve the rate limit and the order of the queue, where only a few minutes matter. So a
    new key and midnight do no harm here: what waits then counts for another client than what
    comes.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = installation_key(settings)

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


def installation_key(settings: Settings) -> bytes:
    """This installation's key: the setting, or a file's in the data folder.

    Besides clients' digests, patients' pseudonyms are hashed with it: with another key, a
    patient's later recordings are no longer known to be of the same patient.
    """
    if settings.client_key is not None:
        return settings.client_key.get_secret_value().encode()
    return _stored_key(settings.data_dir / "client.key")


def network(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def _stored_key(path: Path) -> bytes:
    """The key in this file, which the first process to come makes: whole, for its user alone."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        mine = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(token_bytes(KEY_BYTES))
            path.hardlink_to(mine)
        except FileExistsError:
            pass  # another process was faster: its key it is
        finally:
            mine.unlink()
    return path.read_bytes()
