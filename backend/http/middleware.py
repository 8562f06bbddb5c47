"""Middleware: request ids and the access log, security headers, body limits, draining of bodies."""

import asyncio
import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.errors import FileTooLargeError

REQUEST_ID = "X-Request-ID"
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

MAX_BODY_BYTES = 4_000_000
"""Limit of request bodies other than uploads, which have their own limits."""

_DRAIN_S = 2.0
_DRAIN_BYTES = 32 * 1024 * 1024

log = structlog.get_logger("backend.access")


class RequestLog:
    """Gives every request an id, binds it to the log lines, and logs the request at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _REQUEST_ID_PATTERN.fullmatch(given) else str(uuid4())
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                # polling for status would drown everything else
                quiet = scope["method"] in ("GET", "HEAD") and 200 <= status < 400
                (log.debug if quiet else log.info)(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )


class SecurityHeaders:
    """Sets security headers, and says what may be cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", _cache(scope["path"], message["status"]))
                if headers["cache-control"].startswith("private"):
                    # a cached copy must not be shown to the next person who signs in
                    headers.add_vary_header("Cookie, Authorization")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _cache(path: str, status: int) -> str:
    if path.startswith("/api/"):
        return "no-store"
    if path.startswith("/assets/") and status == 200:
        return "public, max-age=31536000, immutable"  # their names contain a hash
    return "no-cache"


class BodyLimit:
    """Refuses bodies over `MAX_BODY_BYTES` as they arrive, except on the paths of uploads.

    FastAPI reads JSON bodies into memory as a whole, before it checks who is calling.
    """

    def __init__(self, app: ASGIApp, *, uploads: tuple[str, ...]) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request."""
        if scope["type"] != "http" or scope["path"].startswith(self._uploads):
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413) from FileTooLargeError(
                    f"The request body is larger than {MAX_BODY_BYTES / 1e6:g} MB. "
                    "Send less at a time.",
                    limit=MAX_BODY_BYTES,
                )
            return message

        await self._app(scope, counted_receive, send)


class DrainRequestBody:
    """Reads and discards the rest of the body when a request is refused before it has arrived.

    Closing a connection with unread bytes resets it, and the sender would see a broken pipe
    instead of the response.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        expects_continue = "expect" in headers  # such a client asks before it sends
        ended = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        begun = False

        async def watched_receive() -> Message:
            nonlocal ended, begun
            message = await receive()
            begun = True
            ended = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def draining_send(message: Message) -> None:
            nonlocal ended
            refused = message["type"] == "http.response.start" and message["status"] >= 400
            if refused and not ended:
                if begun or not expects_continue:
                    await _drain(receive)
                ended = True
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, watched_receive, draining_send)


async def _drain(receive: Receive) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            while dropped < _DRAIN_BYTES:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
