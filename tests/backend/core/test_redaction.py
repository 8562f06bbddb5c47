"""No line of a log has a credential, an address, a row's value or the name of a person's file."""

from collections.abc import Callable
from secrets import token_hex, token_urlsafe
from typing import Any
from uuid import UUID

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.accounts.identity import TOKEN_PREFIX, csrf_token, new_secret
from backend.core.redaction import HIDDEN, NotRedacted, redact, redact_line
from backend.storage.keys import (
    contribution_key,
    dataset_pixels_key,
    deidentified_key,
    published_key,
)

WORD = "Zw8Rossi"
SECRET = new_secret()
CSRF = csrf_token(SECRET)
TOKEN = TOKEN_PREFIX + new_secret()
ID = UUID("3f2c1b9e-8a70-4c1d-9b5e-0a1b2c3d4e5f")


class Strict(pydantic.BaseModel):
    file_name: int


def said_by_pydantic() -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        Strict.model_validate({"file_name": WORD})
    return str(caught.value)


def said_by_the_system() -> str:
    with pytest.raises(FileNotFoundError) as caught:
        open(f"/nowhere/{WORD} from May.mp4")  # noqa: PTH123, SIM115
    return str(caught.value)


LINES: dict[str, str | Callable[[], str]] = {
    "a token of the API": f"refused {TOKEN} twice",
    "a secret by itself": f"no session {SECRET}",
    "a CSRF token by itself": f"{CSRF} is not it",
    "the header of a token": f"Authorization: Bearer {WORD}{TOKEN}",
    "headers as uvicorn holds them": f"[(b'cookie', b'pocovid_session={SECRET}; a={WORD}')]",
    "headers in a dictionary": f"{{'Authorization': 'Basic {WORD}', 'Accept': '*/*'}}",
    "a cookie": f"Cookie: pocovid_csrf={CSRF}; pocovid_session={SECRET}; other={WORD}",
    "a cookie that is set": f"set-cookie: pocovid_session={SECRET}; Path=/; HttpOnly",
    "the CSRF header": f"X-CSRF-Token: {CSRF}",
    "a database": f"cannot connect to postgresql+psycopg://ward:{WORD}@db.example/pocovid",
    "a connection string": f"connection to host=db user=ward password={WORD} failed",
    "a broker": f"Cannot connect to redis://:{WORD}@broker:6379//: refused",
    "a password with signs in it": f"amqps://ward:{WORD}/@:x@broker/vhost",
    "a mail server": f"smtps://ward%40x:{WORD}@mail.example:465",
    "a signed URL": f"GET https://s3.example/b/k?X-Amz-Credential={WORD}&X-Amz-Signature={WORD}&x=1",
    "an old signed URL": f"https://s3.example/b/k?AWSAccessKeyId={WORD}&Signature={WORD}%3D",
    "a signature of S3": f"AWS4-HMAC-SHA256 Credential={WORD}/x, SignedHeaders=a, Signature={WORD}",
    "a link in a path": f"POST /api/v1/password-resets/{WORD}{SECRET} 204",
    "a link on the page": f"http://x.example/#/reset/{SECRET}",
    "parameters of a statement": f"[SQL: INSERT ...]\n[parameters: ('a', '{WORD}', [1])]\n(x)",
    "a key that is there already": f"duplicate\nDETAIL:  Key (email)=({WORD}@example.org) exists.",
    "a row that breaks a rule": f"violates check\nDETAIL:  Failing row contains (1, {WORD}, null).",
    "what pydantic was given": said_by_pydantic,
    "a file that is not there": said_by_the_system,
    "a file in double quotes": f'cannot identify "{WORD} o\'Neill.PNG"',
    "a file without quotes": f"Invalid data found when processing input: /tmp/x/{WORD}-lung.avi",
    "a table": f"no column file_name in {WORD}.csv",
    "an address": f"550 no such user {WORD}@ward.example.org",
    "JSON": f'{{"token": "{WORD}", "password":"{WORD}"}}',
    "an assignment": f"secret_key = '{WORD}'",
}  # fmt: skip


@pytest.mark.parametrize("what", LINES)
def test_what_must_not_be_seen_is_hidden(what: str) -> None:
    line = LINES[what]
    shown = redact(line if isinstance(line, str) else line())
    assert HIDDEN in shown
    assert [each for each in (WORD, SECRET, CSRF, TOKEN) if each in shown] == []


@pytest.mark.parametrize(
    "line",
    [
        str(ID),
        contribution_key("ab" * 32, ID),
        dataset_pixels_key(ID, "mp4"),
        f"no bytes under '{deidentified_key(ID, 'png')}'",
        published_key(ID, "ab" * 32, ".mp4"),
        "GET /api/v1/screenings 202 in 12.5 ms",
        "Connected to redis://broker:6379/0",
        "consumer: Cannot connect to redis://localhost:6379//: Error 111.",
        'File "/srv/backend/accounts/identity.py", line 83, in from_token',
        "release 4 of 12 recordings: 3.5 MB at 2026-03-01T10:11:12Z",
        "no_module_named_pocovid",
    ],
)
def test_what_helps_to_find_a_fault_stays(line: str) -> None:
    assert redact(line) == line


@given(
    st.lists(
        st.sampled_from(
            ["password", "token", "Cookie", "=", ": ", "'", '"', " ", "[hidden", "]", "x@y.z"]
        )
        | st.text(max_size=8)
    ).map("".join)
)
def test_any_text_can_be_redacted_and_stays_so(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.sampled_from(["{}", "x={}", "'{}'", "{},", "a {} b", "\n{}\n", '"{}"', "({})", "[{}]"]))
def test_secrets_are_found_wherever_they_stand(frame: str) -> None:
    for secret in (TOKEN_PREFIX + token_urlsafe(32), token_urlsafe(32), token_hex(32)):
        assert secret not in redact(frame.format(secret))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", WORD),
        ("set_cookie", WORD),
        ("file_name", f"{WORD} without an ending"),
        ("headers", [(b"cookie", WORD.encode() * 3), {"Authorization": WORD}]),
        ("options", {"smtp": {"password": WORD}, "file-name": WORD}),
        ("names", (f"{WORD}.mp4",)),
    ],
)
def test_values_are_hidden_by_their_names_at_any_depth(name: str, value: Any) -> None:
    shown = redact_line(None, "info", {"event": "x", name: value})
    assert shown["event"] == "x"
    assert WORD not in str(shown)


def test_numbers_and_what_is_meant_to_be_read_stay() -> None:
    line = {
        "event": "x",
        "ms": 1.5,
        "ok": True,
        "none": None,
        "text": NotRedacted(f"{SECRET} {WORD}"),
    }
    assert redact_line(None, "info", dict(line)) == line
