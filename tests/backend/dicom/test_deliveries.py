"""Deliveries as the API has them: asked for, listed, asked for again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pydicom
import pytest
from pydicom.filebase import DicomBytesIO

from backend.core.audit import AuditEvent
from backend.core.db import utc_now
from backend.dicom import peers
from backend.dicom.objects import to_bytes
from backend.tables import Delivery
from backend.tables.vocabulary import JobState
from tests.conftest import Api, SignedIn
from tests.dicom_instances import make_instance
from tests.factories import answer, create_recording, create_screening

PEERS = "pacs=dimse://PACS@127.0.0.1:9,web=https://user:p%40ss@example.org/dicom-web/"


@pytest.fixture
def api(start_api: Callable[..., Api]) -> Api:
    return start_api(dicom_peers=PEERS)


def screening(api: Api, recording: dict[str, Any] | None = None, **changes: Any) -> UUID:
    """A screening, which is done, of a recording that came as DICOM."""
    values = {"status": "done", "result": answer(), "finished_at": utc_now()} | changes
    with api.database.write() as session:
        row = create_recording(session, **{"format": "dicom"} | (recording or {}))
        made = create_screening(session, row, **values)
        session.commit()
    api.storage.put_bytes(row.storage_key, to_bytes(make_instance(1, 64)))
    return made.id


class TestDeliver:
    def test_a_reviewer_asks_once_for_each_peer_and_it_is_in_the_audit_log(
        self, api: Api, sign_in: Callable[..., SignedIn]
    ) -> None:
        reviewer, screening_id = sign_in(api, role="reviewer"), screening(api)
        first = None
        for _ in range(2):
            response = reviewer.client.post(
                f"/screenings/{screening_id}/deliveries", json={"peer": "pacs"}
            )
            assert response.status_code == 202
            row = response.json()
            assert (row["state"], row["tries"], row["problem"]) == ("queued", 0, None)
            first = first or row["id"]
            assert row["id"] == first
        (listed,) = reviewer.client.get(f"/screenings/{screening_id}/deliveries").json()
        assert listed["id"] == first
        with api.database.read() as session:
            (event,) = session.query(AuditEvent).where(
                AuditEvent.action == "dicom.delivery_asked"
            )  # fmt: skip
        assert event.detail == {"peer": "pacs"}

    def test_one_that_failed_is_queued_again(
        self, api: Api, sign_in: Callable[..., SignedIn]
    ) -> None:
        reviewer, screening_id = sign_in(api, role="reviewer"), screening(api)
        path = f"/screenings/{screening_id}/deliveries"
        reviewer.client.post(path, json={"peer": "pacs"})
        with api.database.write() as session:
            row = session.query(Delivery).one()
            row.state, row.error_message = JobState.FAILED, "It was refused."
            row.finished_at = utc_now()
            session.commit()
        failed = reviewer.client.get("/dicom/deliveries?state=failed").json()["items"]
        assert [row["problem"] for row in failed] == ["It was refused."]
        row = reviewer.client.post(path, json={"peer": "pacs"}).json()
        assert (row["state"], row["problem"], row["finished_at"]) == ("queued", None, None)

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"recording": {"format": "mp4"}}, 409, "not_dicom"),
            ({"status": "queued", "result": None, "finished_at": None}, 409, "not_done"),
            ({"recording": {"pixels_deleted_at": utc_now() - timedelta(1)}}, 410, "gone"),
        ],
    )
    def test_what_has_no_answer_for_a_record_is_refused(
        self,
        changes: dict[str, Any],
        status: int,
        code: str,
        api: Api,
        sign_in: Callable[..., SignedIn],
    ) -> None:
        screening_id = screening(api, **changes)
        response = sign_in(api, role="reviewer").client.post(
            f"/screenings/{screening_id}/deliveries", json={"peer": "pacs"}
        )
        report = api.client.get(f"/screenings/{screening_id}/report.dcm")
        for each in (response, report):
            assert (each.status_code, each.json()["code"]) == (status, code)

    def test_an_unknown_peer_or_screening_is_refused(
        self, api: Api, sign_in: Callable[..., SignedIn]
    ) -> None:
        reviewer = sign_in(api, role="reviewer")
        path = f"/screenings/{screening(api)}/deliveries"
        response = reviewer.client.post(path, json={"peer": "nobody"})
        assert (response.status_code, response.json()["code"]) == (422, "unknown_peer")
        path = f"/screenings/{uuid4()}/deliveries"
        assert reviewer.client.post(path, json={"peer": "pacs"}).status_code == 404
        assert reviewer.client.get(path).status_code == 404


def test_peers_are_listed_with_what_waits_and_without_their_passwords(
    api: Api, sign_in: Callable[..., SignedIn]
) -> None:
    reviewer = sign_in(api, role="reviewer")
    reviewer.client.post(f"/screenings/{screening(api)}/deliveries", json={"peer": "pacs"})
    response = reviewer.client.get("/dicom/peers")
    assert response.json() == [
        {"name": "pacs", "service": "c_store", "queued": 1, "running": 0, "failed": 0},
        {"name": "web", "service": "stow", "queued": 0, "running": 0, "failed": 0},
    ]
    assert "p%40ss" not in response.text


def test_peers_are_read_from_the_setting(api: Api) -> None:
    assert peers.peers(api.settings) == {
        "pacs": peers.DimsePeer("pacs", "PACS", "127.0.0.1", 9, tls=False),
        "web": peers.WebPeer("web", "https://example.org/dicom-web", "user", "p@ss"),
    }


class TestReport:
    def test_it_is_a_download_that_no_cache_keeps(self, api: Api) -> None:
        screening_id = screening(api)
        response = api.client.get(f"/screenings/{screening_id}/report.dcm")
        assert response.headers["content-type"] == "application/dicom"
        assert response.headers["cache-control"] == "no-store"
        report = pydicom.dcmread(DicomBytesIO(response.content))
        assert report.Modality == "SR"
        assert report.PatientID == "P-0815"

    def test_one_whose_bytes_are_gone_is_410(self, api: Api) -> None:
        screening_id = screening(api)
        for stored in list(api.storage.listing("recordings")):
            api.storage.delete(stored.key)
        assert api.client.get(f"/screenings/{screening_id}/report.dcm").status_code == 410
