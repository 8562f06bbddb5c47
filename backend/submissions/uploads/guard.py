"""Around the tus library: silent and superseded senders let go, and an address without a host."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GONE: Message = {"type": "http.disconnect"}


class UploadGuard:
    """Ends the piece of an upload whose sender fell silent, or came back on another connection.

    To the library both look like a sender that went away: it keeps what is there, and lets go of
    the file, for which the sender may be waiting.
    """

    def __init__(self, app: ASGIApp, *, path: str, idle_s: float) -> None:
        self._app = app
        self._path = path
        self._idle_s = idle_s
        self._under_way: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
        elif scope["method"] in ("PATCH", "POST") and scope["path"] != self._path:
            await self._piece(scope, receive, send)
        else:
            if scope["method"] == "DELETE" and not Headers(scope=scope).get("tus-resumable"):
                # whoever only wants a file gone need not speak the protocol
                scope["headers"] = [*scope["headers"], (b"tus-resumable", b"1.0.0")]
            await self._app(scope, receive, _with_path_alone(send))

    async def _piece(self, scope: Scope, receive: Receive, send: Send) -> None:
        superseded = asyncio.Event()
        if (before := self._under_way.get(scope["path"])) is not None:
            before.set()
        self._under_way[scope["path"]] = superseded
        turned_away = asyncio.ensure_future(superseded.wait())

        async def patient_receive() -> Message:
            message = asyncio.ensure_future(receive())
            await asyncio.wait(
                {message, turned_away},
                timeout=self._idle_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if message.done():
                return message.result()
            message.cancel()
            with suppress(asyncio.CancelledError):
                await message
            return GONE

        try:
            await self._app(scope, patient_receive, send)
        finally:
            turned_away.cancel()
            if self._under_way.get(scope["path"]) is superseded:
                del self._under_way[scope["path"]]


def _with_path_alone(send: Send) -> Send:
    """Location as a path: right behind any proxy, whatever name and scheme it has."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "location" in headers:
                headers["location"] = urlsplit(headers["location"]).path
        await send(message)

    return send_on
