"""The peers that answers can be sent to, as POCOVID_DICOM_PEERS lists them."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from backend.core.errors import InvalidInputError
from backend.core.settings import Settings, listed


@dataclass(frozen=True, slots=True)
class DimsePeer:
    """A peer that takes instances by C-STORE."""

    name: str
    ae_title: str
    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class WebPeer:
    """A peer that takes instances by STOW-RS; `url` is without user and password."""

    name: str
    url: str
    user: str | None
    password: str | None


Peer = DimsePeer | WebPeer


def peers(settings: Settings) -> dict[str, Peer]:
    """The configured peers, by their names."""
    found: dict[str, Peer] = {}
    for each in listed(settings.dicom_peers):
        name, _, address = each.partition("=")
        parts = urlsplit(address)
        if parts.scheme.startswith("dimse"):
            title, _, place = address.partition("://")[2].partition("@")
            host, _, port = place.rpartition(":")
            found[name] = DimsePeer(name, title, host, int(port), parts.scheme == "dimses")
        else:
            bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
            user, password = (
                value and unquote(value) for value in (parts.username, parts.password)
            )
            found[name] = WebPeer(name, urlunsplit(bare).rstrip("/"), user, password)
    return found


def find(settings: Settings, name: str) -> Peer:
    """The peer of this name.

    Raises:
        InvalidInputError: there is none.
    """
    known = peers(settings)
    if name not in known:
        names = ", ".join(known) or "none"
        raise InvalidInputError(
            f"{name[:40]!r} is no configured peer; there are: {names}.", code="unknown_peer"
        )
    return known[name]
