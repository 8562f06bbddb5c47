"""Names of files that are hardly names: taken, or refused with a sentence; never our own fault."""

import base64
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from backend.tables import Upload
from tests import media_files
from tests.conftest import Api, SignedIn

IN_A_FORM = {
    "latin-1": (b'filename="Lunge\xfc.png"', 400),
    "no text": (b'filename="\xff\xfe\x80.png"', 400),
    "a surrogate": (b'filename="\xed\xa0\x80.png"', 400),
    "RFC 5987": (b"filename*=UTF-8''Lunge%C3%BC.png", 201),
    "RFC 5987 and no text": (b"filename*=UTF-8''%FF%FE.png", 201),
    "RFC 5987 and no charset": (b"filename*=nonsense''x.png", 201),
    "both": (b"filename=\"x.png\"; filename*=iso-8859-1''%FC.png", 201),
    "no end": (b'filename="a.png', 201),
    "a NUL": (b'filename="a\x00.png"', 201),
    "very long": (b'filename="' + b"x" * 5000 + b'.png"', 201),
    "right to left": ('filename="\u202egnp.a"'.encode(), 201),
    "none": (b'filename=""', 201),
}
"""What follows the field's name in a multipart body, and the status that answers it."""

BY_TUS = {
    "latin-1": (base64.b64encode(b"Lunge\xfc.mp4"), None),
    "no base64": (b"%%%", None),
    "a NUL": (base64.b64encode(b"a\0b.mp4"), None),
    "a surrogate": (base64.b64encode(b"\xed\xa0\x80.mp4"), None),
    "empty": (b"", None),
    "junk": (base64.b64encode(b"ward/Thumbs.db"), None),
    "too long": (base64.b64encode(b"x" * 1025), None),
    "long": (base64.b64encode(b"f" * 900 + b"/" + b"x" * 100), "f" * 900 + "/" + "x" * 100),
    "255 bytes": (base64.b64encode("ü".encode() * 125 + b".mp4!"), "ü" * 125 + ".mp4!"),
    "line ends and spaces": (base64.b64encode(b" a\n\x1b[31m.mp4 "), " a\n\x1b[31m.mp4 "),
    "marks": (base64.b64encode("a\u200d\u00a0\u202eb.mp4".encode()), "a\u200d\u00a0\u202eb.mp4"),
    "decomposed": (base64.b64encode("u\u0308.mp4".encode()), "u\u0308.mp4"),
    "out of its folder": (base64.b64encode(b"/../../a/./b.mp4"), "a/b.mp4"),
}
"""What stands for the name in Upload-Metadata, and what is kept of it; None: it is refused."""


def refused(answer: httpx.Response) -> bool:
    """Whether it is a refusal, which then has a sentence for people."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return False
    assert answer.json()["detail"].endswith(".")
    return True


@pytest.mark.parametrize("name", IN_A_FORM)
def test_in_a_form(api: Api, name: str) -> None:
    said, status = IN_A_FORM[name]
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; ' + said + b"\r\n"
        b"Content-Type: image/png\r\n\r\n" + media_files.image() + b"\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = api.client.post("/recordings", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert refused(answer) is (status == 400)


def test_by_tus(api: Api, sign_in: Callable[..., SignedIn]) -> None:
    me = sign_in(api)
    draft = me.client.post("/submissions", json={}).json()["id"]
    of_draft = b",submission " + base64.b64encode(draft.encode())
    for name, (said, kept) in BY_TUS.items():
        answer = me.client.post(
            "/uploads",
            headers=[
                (b"Tus-Resumable", b"1.0.0"),
                (b"Upload-Length", b"10"),
                (b"Upload-Metadata", b"filename " + said + of_draft),
            ],
        )
        assert refused(answer) is (kept is None), (name, answer.status_code, answer.text)
    with api.database.read() as session:
        found = set(session.scalars(select(Upload.file_name)))
    assert found == {kept for _, kept in BY_TUS.values() if kept is not None}
