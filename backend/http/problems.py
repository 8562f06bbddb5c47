"""The error handler: whatever goes wrong, the response is a problem document (RFC 9457)."""

from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.errors import (
    InvalidInputError,
    NotFoundError,
    PocovidError,
    StorageFullError,
    UnavailableError,
)
from backend.http.openapi import PROBLEM_TYPE

RETRY_DATABASE_S = 5
_CLIENT_CLOSED_REQUEST = 499

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Register the handler for every kind of exception; `Unhandled` answers for the rest."""
    for kind in (
        PocovidError,
        HTTPException,
        RequestValidationError,
        OperationalError,
        PoolTimeoutError,
    ):
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(ClientDisconnect, _client_disconnected)


async def handle(request: Request, error: Exception) -> Response:
    """Answer an exception with its problem document."""
    if isinstance(error, HTTPException) and isinstance(error.__cause__, PocovidError):
        error = (
            error.__cause__
        )  # raised from one of ours, where a library only passes on HTTPException
    if isinstance(error, HTTPException) and error.status_code != 404:
        problem = _plain_problem(error.status_code, error.detail)
        return _answer(problem, dict(error.headers or {}))
    converted = _to_pocovid_error(request, error)
    return _answer(converted.to_problem(), converted.headers)


class Unhandled:
    """Answers unexpected exceptions: a traceback in the log, one plain sentence to the client.

    It runs inside the other middlewares, so that this response has their headers too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request."""
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            log.exception("unhandled_exception", path=scope["path"])
            await _answer(_plain_problem(500), {})(scope, receive, send)


def _to_pocovid_error(request: Request, error: Exception) -> PocovidError:
    if isinstance(error, PocovidError):
        return error
    if isinstance(error, HTTPException):
        return NotFoundError(f"The path {request.url.path[:200]} does not exist.")
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    cause = str(getattr(error, "orig", error))
    log.error("database_unreachable", error=cause)
    if "disk is full" in cause:
        return StorageFullError("The database's disk is full. Please try again later.")
    return UnavailableError(
        "The database is not available. Please try again in a moment.",
        retry_after_s=RETRY_DATABASE_S,
    )


def _invalid(error: RequestValidationError) -> InvalidInputError:
    errors = [
        {"where": ".".join(map(str, detail["loc"])), "message": detail["msg"]}
        for detail in cast("list[dict[str, Any]]", error.errors())
    ]
    return InvalidInputError(f"{errors[0]['where']}: {errors[0]['message']}.", errors=errors)


def _plain_problem(status: int, message: str = "") -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    if message in ("", phrase):
        message = HTTPStatus(status).description or phrase
    code = "internal_error" if status == 500 else phrase.lower().replace(" ", "_").replace("-", "_")
    detail = (
        "Something went wrong on our side. The error was logged; please try again."
        if status == 500
        else message.rstrip(".") + "."
    )
    return {
        "type": f"urn:pocovid:problem:{code.replace('_', '-')}",
        "title": "Something went wrong" if status == 500 else phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def _answer(problem: dict[str, Any], headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(problem, problem["status"], headers, media_type=PROBLEM_TYPE)


async def _client_disconnected(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
