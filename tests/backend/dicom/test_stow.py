"""STOW-RS, by dicomweb-client and by hand."""

from collections.abc import Callable

import httpx
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from backend.dicom import receiving
from backend.tables import DicomInstance
from tests.conftest import Api, SignedIn
from tests.dicom_instances import PATIENT, make_instance, related
from tests.factories import create_token, create_user

TYPE = 'multipart/related; type="application/dicom"; boundary=xyz'
SIDE = 200

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is stored goes the way of C-STORE, which is tested on both (`test_node.py`)."""


def token(api: Api, *scopes: str) -> dict[str, str]:
    with api.database.write() as session:
        _, secret = create_token(session, create_user(session), *scopes)
        session.commit()
    return {"Authorization": f"Bearer {secret}"}


def client(api: Api) -> DICOMwebClient:
    made = DICOMwebClient(
        f"{api.url}/api/v1/dicomweb", headers=token(api, "submit"), session=requests.Session()
    )
    made.set_http_retry_params(retry=False)
    return made


def post(api: Api, content: bytes, path: str = "", content_type: str = TYPE) -> httpx.Response:
    return api.client.post(
        f"/dicomweb/studies{path}",
        content=content,
        headers={"Content-Type": content_type} | token(api, "submit"),
    )


def test_dicomweb_client_stores_and_the_same_again_is_stored_once(api: Api) -> None:
    first, second = make_instance(1, SIDE), make_instance(12, SIDE)
    for _ in range(2):
        answer = client(api).store_instances([first, second])
        assert "FailedSOPSequence" not in answer
        stored = [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence]
        assert stored == [first.SOPInstanceUID, second.SOPInstanceUID]
    with api.database.read() as session:
        rows = session.query(DicomInstance).all()
    assert sorted(row.service for row in rows) == ["stow", "stow"]
    assert all(row.calling_ae_title == "" for row in rows)


def test_some_that_are_refused_are_202_with_the_reason(api: Api) -> None:
    good, bad = make_instance(1, SIDE), make_instance(1, SIDE)
    bad.SOPClassUID = bad.file_meta.MediaStorageSOPClassUID = CTImageStorage
    bad.Modality = "CT"
    response = post(api, related(good, bad, b"nothing"))
    assert response.status_code == 202
    assert response.headers["content-type"] == "application/dicom+json"
    answer = Dataset.from_json(response.json())
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [
        good.SOPInstanceUID
    ]
    reasons = [item.FailureReason for item in answer.FailedSOPSequence]
    assert reasons == [receiving.NOT_SUPPORTED, receiving.CANNOT_UNDERSTAND]
    assert PATIENT.split("^")[0] not in response.text


def test_all_refused_is_409_and_nothing_stays(api: Api) -> None:
    response = post(api, related(b"nothing"))
    assert response.status_code == 409
    assert api.stored() == []


def test_one_of_another_study_is_refused(api: Api) -> None:
    instance = make_instance(1, SIDE)
    response = post(api, related(instance), "/1.2.3")
    assert response.status_code == 409
    content = related(instance)
    assert post(api, content, f"/{instance.StudyInstanceUID}").status_code == 200
    assert post(api, content, "/etc").status_code == 422


def test_a_full_queue_is_a_failure_to_be_tried_again(
    start_api: Callable[..., Api],
) -> None:
    api = start_api(max_queued_per_client=1)
    content = [make_instance(1, SIDE, seed=n) for n in range(2)]
    response = post(api, related(*content))
    assert response.status_code == 202
    (item,) = Dataset.from_json(response.json()).FailedSOPSequence
    assert item.FailureReason == receiving.OUT_OF_RESOURCES


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"x", "application/dicom", 415),
        (b"x", TYPE.replace("application/dicom", "application/json"), 415),
        (b"x", "multipart/related; type=application/dicom", 400),
        (b"not multipart", TYPE, 400),
        (b"", TYPE, 400),
        (related(b"nothing")[:-4], TYPE, 400),
    ],
)
def test_what_is_no_such_request_is_a_problem(
    content: bytes, content_type: str, status: int, api: Api
) -> None:
    response = post(api, content, content_type=content_type)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    api_stored = [name for name in api.stored() if not name.startswith("previews")]
    assert api_stored == []


def test_an_instance_beyond_the_limit_is_413(start_api: Callable[..., Api]) -> None:
    api = start_api(dicom_max_instance_bytes=100_000)
    response = post(api, related(b"z" * 1_000_000))
    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert api.stored() == []


def test_what_came_is_listed_for_reviewers(
    api: Api,
    sign_in: Callable[..., SignedIn],
) -> None:
    instance = make_instance(1, SIDE)
    post(api, related(instance))
    reviewer = sign_in(api, role="reviewer")
    (row,) = reviewer.client.get("/dicom/instances").json()["items"]
    assert row["sop_instance_uid"] == instance.SOPInstanceUID
    assert row["status"] == "queued"
    assert api.client.get(f"/screenings/{row['screening_id']}").status_code == 200
    assert reviewer.client.get("/dicom/instances?cursor=nonsense").status_code == 422
