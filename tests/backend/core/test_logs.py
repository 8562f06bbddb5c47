"""What is written when things go wrong, in both formats: enough to find the fault, no secret."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from backend.cli.start import read_settings
from backend.core import logs
from backend.core.db import Database
from backend.core.settings import Settings
from backend.tables import User, Worker
from models.media import sampling
from tests import media_files
from tests.conftest import Api, SignedIn
from tests.factories import create_token, create_user

WORD = "Zw8Planted"

log = structlog.get_logger("backend.test")


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """What is logged from here on, in each format."""
    stream = io.StringIO()
    logs.configure(Settings(log_format=request.param, log_level="debug"))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.root.handlers[0].formatter)
    logging.root.addHandler(handler)
    yield stream.getvalue
    logging.root.removeHandler(handler)
    logging.captureWarnings(capture=False)


def break_with(secret: str) -> None:
    session_cookie, headers = secret, {"authorization": f"Bearer {secret}"}
    raise RuntimeError(f"the field {len(session_cookie + headers['authorization'])} is wrong")


def test_a_traceback_names_places_and_no_values(written: Callable[[], str]) -> None:
    try:
        break_with(WORD)
    except RuntimeError:
        log.exception("broke", recording="1")
    assert "break_with" in written()
    assert "RuntimeError" in written()
    assert WORD not in written()


def test_what_an_exception_quotes_is_hidden(written: Callable[[], str]) -> None:
    try:
        try:
            open(f"/nowhere/{WORD} of May.mp4")  # noqa: PTH123, SIM115
        except OSError as error:
            error.add_note(f"Authorization: Bearer {WORD}")
            raise ValueError(f"redis://:{WORD}@broker/0") from error
    except ValueError:
        log.exception("broke")
    assert "FileNotFoundError" in written()
    assert WORD not in written()


def test_the_database_tells_no_value(written: Callable[[], str], database: Database) -> None:
    for table, values in (
        (
            User,
            {
                "email": f"{WORD}@example.org",
                "name": WORD,
                "password_hash": WORD,
            },
        ),
        (Worker, {"name": WORD}),
    ):
        try:
            with database.write() as session:
                if table is User:
                    create_user(session, email=f"{WORD}@example.org")
                session.execute(insert(table).values(**values))
        except DBAPIError:
            log.exception("broke")
    assert "IntegrityError" in written()
    assert WORD not in written()


def test_lines_of_libraries_are_ours_too(written: Callable[[], str]) -> None:
    logging.getLogger("uvicorn.error").info(  # noqa: TID251
        "lost redis://:%s@broker", WORD
    )
    logging.root.error("%r", {"Cookie": WORD}, extra={"password": WORD, "file_name": WORD})
    assert written().count("\n") >= 2
    assert WORD not in written()


def test_debug_is_for_our_own_lines_alone(written: Callable[[], str]) -> None:
    for name in ("botocore.endpoint", "httpx", "kombu", "backend.deeper"):
        structlog.stdlib.get_logger(name).debug(f"this is {name}")
    assert "this is backend.deeper" in written()
    assert written().count("this is") == 1


def test_warnings_and_what_nobody_awaited_are_lines(written: Callable[[], str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(f"password={WORD}", UserWarning, stacklevel=1)

    async def forget() -> None:
        async def broken() -> None:
            raise RuntimeError(f"GET https://s3.example/k?X-Amz-Signature={WORD}")

        task = asyncio.create_task(broken())
        await asyncio.sleep(0)
        del task

    asyncio.run(forget())
    assert "UserWarning" in written()
    assert "never retrieved" in written()
    assert WORD not in written()


def test_what_nobody_catches_is_a_line(
    written: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "configure", lambda _settings: None)
    read_settings()
    thread = threading.Thread(target=break_with, args=[f"password={WORD}"])
    thread.start()
    thread.join()
    error = ValueError(f"password={WORD}")
    sys.excepthook(ValueError, error, None)
    assert written().count("uncaught_exception") == 2
    assert WORD not in written()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_answer_that_breaks_leaves_no_credential_in_the_log(
    start_api: Callable[..., Api],
    sign_in: Callable[..., SignedIn],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    log_format: str,
) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'width'")

    monkeypatch.setattr(sampling.Recording, "open", break_down)
    api = start_api(log_format=log_format)
    me = sign_in(api)
    with api.database.write() as session:
        _, token = create_token(session, me.user)
        session.commit()
    cookies, headers = dict(me.client.cookies), dict(me.client.headers)
    file = {"file": (f"{WORD}.mp4", media_files.video())}
    assert me.client.post("/recordings", files=file).status_code == 500
    with httpx.Client(
        base_url=api.client.base_url, headers={"Authorization": f"Bearer {token}"}
    ) as other:
        assert other.post("/recordings", files=file).status_code == 500
    text = capfd.readouterr().err
    assert text.count("unhandled_exception") == 2
    if log_format == "json":
        assert all(json.loads(line) for line in text.splitlines() if line.startswith("{"))
    secrets = [WORD, token, headers["x-csrf-token"], *cookies.values()]
    assert [each for each in secrets if each in text] == []
