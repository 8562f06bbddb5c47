"""The permission matrix: every call of the API, and what it answers to each kind of caller.

A new call needs a row in `TABLE`, or the first test fails. A row names the door (see
`tests/permissions.py`: who comes in, what the others are told, and which scope a token needs),
the status of success, and the scene that makes what the call is about
(`tests/permission_scenes.py`). What a scene answers with fills the path's parameters and every
`{name}` in `json` and `headers`. Those who may must really succeed: a row cannot pass by asking
for something that does not exist.
"""

from collections.abc import Callable

import pytest

from backend.jobs.celery import make_celery
from backend.releases import service as releases
from backend.tables.vocabulary import Scope
from tests import dicom_instances, media_files, tus
from tests import permission_scenes as scenes
from tests.conftest import Api
from tests.factories_releases import create_ingested
from tests.permissions import (
    ACCOUNT,
    ADMIN,
    ALL_SCOPES,
    CALLERS,
    NO_SCOPE,
    OPEN,
    OPEN_TO_MORE,
    OWNER,
    REVIEWER,
    Matrix,
    Row,
)
from tests.planted import PASSWORD
from worker import process
from worker.releases import task as release_worker

SIGN_UP = {"email": "{email}", "name": "Jane", "password": PASSWORD}
FILE = {"files": {"file": ("scan.png", media_files.image())}}
PIECE = {"content": b"x" * 10}
PIECE_HEADERS = {
    **tus.VERSION,
    "Upload-Offset": "0",
    "Content-Type": "application/offset+octet-stream",
}
RELATED = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=xyz'}
INSTANCE = {"content": dicom_instances.related(scenes.INSTANCE)}
PLACE = Row(
    OWNER,
    201,
    scenes.place_for_upload,
    headers={**tus.VERSION, "Upload-Length": "10", "Upload-Metadata": "{metadata}"},
)
MANIFEST = {"content": b"file_name,label\nlung.mp4,covid19\n"}
APPROVE = {"verdict": "approve", "no_identifying_marks": True}

TABLE: dict[str, Row] = {
    # the service itself
    "GET /health": Row(OPEN, 200),
    "GET /limits": Row(OPEN, 200),
    "GET /vocabulary": Row(OPEN, 200),
    # screening: whoever has an id may
    "POST /recordings": Row(OPEN, 201, more=FILE),
    "GET /recordings/{recording_id}": Row(OPEN, 200, scenes.recording),
    "DELETE /recordings/{recording_id}": Row(OPEN, 204, scenes.recording),
    "GET /recordings/{recording_id}/preview.jpg": Row(OPEN, 200, scenes.recording),
    "POST /screenings": Row(OPEN, 202, more=FILE),
    "GET /screenings/{screening_id}": Row(OPEN, 200, scenes.screening),
    "DELETE /screenings/{screening_id}": Row(OPEN, 204, scenes.screening),
    "GET /screenings/{screening_id}/events": Row(OPEN, 200, scenes.screening),
    "GET /screenings/{screening_id}/frames/{index}.jpg": Row(OPEN, 200, scenes.screening),
    "GET /screenings/{screening_id}/frames/{index}/signs.png": Row(OPEN, 200, scenes.screening),
    "POST /screenings/{screening_id}/answer-anyway": Row(
        ACCOUNT, 200, scenes.unusable_screening, scopes=ALL_SCOPES
    ),
    # DICOM
    "POST /dicomweb/studies": Row(ACCOUNT, 200, headers=RELATED, more=INSTANCE),
    "POST /dicomweb/studies/{study}": Row(
        ACCOUNT, 200, scenes.study, headers=RELATED, more=INSTANCE
    ),
    "GET /screenings/{screening_id}/report.dcm": Row(OPEN, 200, scenes.dicom_screening),
    "POST /screenings/{screening_id}/deliveries": Row(
        REVIEWER, 202, scenes.dicom_screening, {"peer": "pacs"}
    ),
    "GET /screenings/{screening_id}/deliveries": Row(REVIEWER, 200, scenes.screening),
    "GET /dicom/deliveries": Row(REVIEWER, 200),
    "GET /dicom/instances": Row(REVIEWER, 200),
    "GET /dicom/peers": Row(REVIEWER, 200),
    # accounts
    "POST /accounts": Row(OPEN, 201, scenes.newcomer, SIGN_UP),
    "POST /sign-in": Row(
        OPEN, 200, scenes.with_password, {"email": "{email}", "password": PASSWORD}
    ),
    "POST /sign-out": Row(OPEN_TO_MORE, 204),
    "GET /me": Row(ACCOUNT, 200, scopes=ALL_SCOPES),
    "PATCH /me": Row(ACCOUNT, 200, json={"affiliation": "Bern"}, scopes=NO_SCOPE),
    "POST /me/password": Row(
        ACCOUNT,
        204,
        scenes.own_password,
        {"current_password": PASSWORD, "new_password": "five other words here"},
        scopes=NO_SCOPE,
    ),
    "POST /password-resets": Row(OPEN, 202, scenes.newcomer, {"email": "{email}"}),
    "POST /password-resets/{secret}": Row(OPEN, 204, scenes.reset_link, {"password": PASSWORD}),
    "GET /me/tokens": Row(ACCOUNT, 200, scopes=NO_SCOPE),
    "POST /me/tokens": Row(
        ACCOUNT, 201, json={"name": "script", "scopes": ["submit"]}, scopes=NO_SCOPE
    ),
    "DELETE /me/tokens/{token_id}": Row(OWNER, 204, scenes.token, scopes=NO_SCOPE),
    # administration
    "GET /users": Row(ADMIN, 200),
    "PATCH /users/{user_id}": Row(ADMIN, 200, scenes.with_password, {"role": "reviewer"}),
    "GET /audit": Row(ADMIN, 200),
    "GET /audit.csv": Row(ADMIN, 200),
    # submissions
    "POST /submissions": Row(ACCOUNT, 201, json={"title": "Monday"}),
    "GET /submissions": Row(ACCOUNT, 200),
    "GET /submissions/{submission_id}": Row(OWNER, 200, scenes.draft),
    "PATCH /submissions/{submission_id}": Row(OWNER, 200, scenes.draft, {"title": "Tuesday"}),
    "DELETE /submissions/{submission_id}": Row(OWNER, 204, scenes.draft),
    "GET /submissions/{submission_id}/files": Row(OWNER, 200, scenes.draft),
    "GET /submissions/{submission_id}/contributions": Row(OWNER, 200, scenes.draft),
    "PATCH /submissions/{submission_id}/contributions": Row(
        OWNER, 200, scenes.draft, {"ids": ["{contribution_id}"], "fields": {"label": "healthy"}}
    ),
    "POST /submissions/{submission_id}/manifest": Row(OWNER, 200, scenes.draft, more=MANIFEST),
    "GET /submissions/{submission_id}/check": Row(OWNER, 200, scenes.draft),
    "POST /submissions/{submission_id}/submit": Row(OWNER, 200, scenes.draft, {"consent": True}),
    "GET /contributions/{contribution_id}": Row(OWNER, 200, scenes.draft),
    "PATCH /contributions/{contribution_id}": Row(OWNER, 200, scenes.draft, {"label": "healthy"}),
    "PATCH /contributions/{contribution_id}/text": Row(
        OWNER, 200, scenes.draft_with_text, {"decisions": [{"box": 0, "decision": "mask"}]}
    ),
    "POST /submissions/{submission_id}/mask-text": Row(OWNER, 200, scenes.draft_with_text),
    "DELETE /contributions/{contribution_id}": Row(OWNER, 204, scenes.draft),
    "GET /contributions/{contribution_id}/preview.jpg": Row(OWNER, 200, scenes.draft),
    "POST /contributions/{contribution_id}/withdraw": Row(OWNER, 200, scenes.waiting),
    "POST /contributions/{contribution_id}/answer": Row(
        OWNER, 200, scenes.asked_about, {"answer": "The convex one."}
    ),
    "POST /uploads": PLACE,
    "POST /uploads/": PLACE,
    "OPTIONS /uploads/": Row(ACCOUNT, 204, headers=tus.VERSION),
    "HEAD /uploads/{uuid}": Row(OWNER, 200, scenes.upload, headers=tus.VERSION),
    "PATCH /uploads/{uuid}": Row(OWNER, 204, scenes.upload, headers=PIECE_HEADERS, more=PIECE),
    "DELETE /uploads/{uuid}": Row(OWNER, 204, scenes.upload, headers=tus.VERSION),
    # reviews
    "GET /reviews/queue": Row(REVIEWER, 200),
    "POST /reviews/next": Row(REVIEWER, 200, scenes.waiting),
    "GET /reviews/mine": Row(REVIEWER, 200),
    "GET /reviews/stats": Row(REVIEWER, 200),
    "DELETE /reviews/{review_id}": Row(REVIEWER, 204, scenes.reviewed),
    "POST /contributions/{contribution_id}/claim": Row(REVIEWER, 200, scenes.waiting),
    "DELETE /contributions/{contribution_id}/claim": Row(REVIEWER, 204, scenes.claimed),
    "POST /contributions/{contribution_id}/reviews": Row(REVIEWER, 201, scenes.claimed, APPROVE),
    "GET /contributions/{contribution_id}/cine": Row(REVIEWER, 200, scenes.waiting),
    "GET /contributions/{contribution_id}/cine/{index}.jpg": Row(REVIEWER, 200, scenes.waiting),
    "GET /contributions/{contribution_id}/frames/{index}/signs.png": Row(
        REVIEWER, 200, scenes.reviewed_with_signs
    ),
    "GET /contributions/{contribution_id}/contact-sheet.jpg": Row(REVIEWER, 200, scenes.waiting),
    # releases
    "GET /releases": Row(OPEN_TO_MORE, 200),
    "GET /releases/next": Row(ADMIN, 200),
    "GET /releases/{number}": Row(OPEN_TO_MORE, 200, scenes.released),
    "GET /releases/{number}/archive.zip": Row(OPEN, 200, scenes.released),
    "GET /releases/{number}/dataset_metadata.csv": Row(OPEN, 200, scenes.released),
    "GET /releases/{number}/croissant.json": Row(OPEN, 200, scenes.released),
    "GET /releases/{number}/items": Row(OPEN, 200, scenes.released),
    "GET /releases/{number}/items/{item_id}/frames/{index}.jpg": Row(OPEN, 200, scenes.released),
    "POST /releases/{number}/items/{item_id}/reports": Row(
        OPEN, 201, scenes.released, {"label": "healthy", "message": "Looks healthy to me."}
    ),
    "POST /releases": Row(ADMIN, 202, scenes.to_release, {"note": "The next"}),
    # checks
    "GET /checks": Row(ADMIN, 200),
    "POST /checks": Row(ADMIN, 202, scenes.no_check, {"deep": True}),
    "GET /checks/{check_id}": Row(ADMIN, 200, scenes.check),
    # trainings and artifacts
    "GET /trainings": Row(ADMIN, 200),
    "POST /trainings": Row(ADMIN, 202, scenes.trainable, {"release": "{release}"}),
    "GET /trainings/{training_id}": Row(ADMIN, 200, scenes.training),
    "POST /trainings/{training_id}/cancel": Row(ADMIN, 200, scenes.training),
    "GET /artifacts": Row(OPEN, 200),
    "GET /artifacts/{version}": Row(OPEN, 200, scenes.artifact),
    "POST /artifacts/{version}/activate": Row(ADMIN, 200, scenes.artifact),
}


@pytest.fixture
def matrix(start_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Matrix:
    """An application with one release, where nobody is slowed down."""
    api = start_api(
        attempts_per_client=10_000,
        attempts_per_account=10_000,
        dicom_peers="pacs=dimse://PACS@127.0.0.1:9",
    )
    with api.database.write() as session:
        create_ingested(session, api.storage)
        releases.create(session, None, "The first")
        session.commit()
    mine = process.Process(
        "tests:1", api.settings, api.database, api.storage, make_celery(api.settings)
    )
    monkeypatch.setattr(process, "current", lambda: mine)
    release_worker.release.run("")
    return Matrix(api)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_table_has_a_row_for_every_call_and_none_for_others(api: Api) -> None:
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in api.app.openapi()["paths"].items()
        for method in methods
    }
    assert calls == set(TABLE)


@pytest.mark.timeout(900)
def test_every_call_answers_each_caller_as_the_table_says(matrix: Matrix) -> None:
    wrong = []
    for call, row in TABLE.items():
        for caller in CALLERS:
            status = matrix.status(call, row, caller)
            if status != row.expected(caller):
                wrong.append(f"{call} by {caller}: {status}, not {row.expected(caller)}")
    assert wrong == []


@pytest.mark.timeout(900)
# The calls themselves have been made on both databases above.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_call_asks_a_token_for_the_scope_that_the_table_says(matrix: Matrix) -> None:
    wrong = []
    for call, row in TABLE.items():
        for scope in Scope:
            expected = row.ok if scope in row.opened_by() else 403
            status = matrix.status(call, row, row.whose_token(), token=scope)
            if status != expected:
                wrong.append(f"{call} by a token to {scope}: {status}, not {expected}")
    assert wrong == []
