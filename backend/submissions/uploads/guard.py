"""Middleware around the tus library: drops stalled connections, and makes Location a path."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GONE: Message = {"type": "http.disconnect"}


class UploadGuard:
    """Ends a request whose sender stalled, or whose upload continues on another connection.

    To the library both look like a client that disconnected: it keeps what was received and
    releases the file, which the client may be waiting for.
    """

    def __init__(self, app: ASGIApp, *, path: str, idle_s: float) -> None:
        self._app = app
        self._path = path
        self._idle_s = idle_s
        self._active: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
        elif scope["method"] in ("PATCH", "POST") and scope["path"] != self._path:
            await self._receive_piece(scope, receive, send)
        else:
            if scope["method"] == "DELETE" and not Headers(scope=scope).get("tus-resumable"):
                # deleting a file should not require the tus protocol
                scope["headers"] = [*scope["headers"], (b"tus-resumable", b"1.0.0")]
            await self._app(scope, receive, _with_relative_location(send))

    async def _receive_piece(self, scope: Scope, receive: Receive, send: Send) -> None:
        superseded = asyncio.Event()
        if (before := self._active.get(scope["path"])) is not None:
            before.set()
        self._active[scope["path"]] = superseded
        superseded_wait = asyncio.ensure_future(superseded.wait())

        async def receive_or_give_up() -> Message:
            message = asyncio.ensure_future(receive())
            await asyncio.wait(
                {message, superseded_wait},
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
            await self._app(scope, receive_or_give_up, send)
        finally:
            superseded_wait.cancel()
            if self._active.get(scope["path"]) is superseded:
                del self._active[scope["path"]]


def _with_relative_location(send: Send) -> Send:
    """Make Location a path, which is right behind any proxy."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "location" in headers:
                headers["location"] = urlsplit(headers["location"]).path
        await send(message)

    return send_on
