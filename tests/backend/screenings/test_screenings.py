"""POST, GET, events, frames and DELETE of screenings."""

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from backend.core.db import utc_now
from backend.core.errors import NotFoundError
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.jobs.leases import LeaseLostError
from backend.tables import Screening
from tests import media_files
from tests.asking import ask, ask_again
from tests.conftest import ANSWER_S, Api
from tests.factories import answer, create_recording, create_screening, store_pixels


class TestAskWithAFile:
    def test_is_queued_and_found_right_after(self, api: Api) -> None:
        response = ask(api)
        assert response.status_code == 202
        location = response.headers["location"]
        assert location == f"/api/v1/screenings/{response.json()['id']}"
        found = api.client.get(location.removeprefix("/api/v1")).json()
        assert found == response.json()
        assert found["status"] == "queued"
        assert found["progress"] == {
            "done": 0,
            "total": 1,
            "seconds_left": None,
            "ahead": 0,
        }
        assert found["result"] is found["error"] is None

    def test_is_on_the_proposed_square_where_none_is_given(self, api: Api) -> None:
        screening = ask(api).json()
        recording = api.client.get(f"/recordings/{screening['recording_id']}").json()
        assert screening["crop"] == recording["proposed_crop"]

    def test_is_on_the_square_that_is_given(self, api: Api) -> None:
        crop = {"x": 5, "y": 6, "size": 40}
        assert ask(api, crop=json.dumps(crop)).json()["crop"] == crop

    @pytest.mark.parametrize(
        ("crop", "code"),
        [
            ('{"x": 90, "y": 0, "size": 64}', "crop_outside"),
            ('{"x": 0, "y": 0, "size": 65}', "crop_outside"),
            ('{"x": 0, "y": 0, "size": 1}', "crop_outside"),
            ('{"x": -1, "y": 0, "size": 64}', "invalid_input"),
            ('{"x": 0.5, "y": 0, "size": 64}', "invalid_input"),
            ('{"x": 0, "y": 0}', "invalid_input"),
            ('{"x": 0, "y": 0, "size": 64, "w": 1}', "invalid_input"),
            ("left", "invalid_input"),
            ("[" * 900, "invalid_input"),
            ("1" * 5000, "invalid_input"),
        ],
    )
    def test_refuses_a_square_outside_or_malformed(self, api: Api, crop: str, code: str) -> None:
        response = ask(api, crop=crop)
        assert (response.status_code, response.json()["code"]) == (422, code)
        api.assert_nothing_stays()

    def test_is_for_a_convex_probe_where_none_is_named(self, api: Api) -> None:
        assert ask(api).json()["probe"] == "convex"

    @pytest.mark.parametrize("probe", ["convex", "linear"])
    def test_is_for_the_probe_that_is_named(self, api: Api, probe: str) -> None:
        screening = ask(api, probe=probe).json()
        assert screening["probe"] == probe
        with api.database.read() as session:
            assert session.get_one(Screening, UUID(screening["id"])).probe == probe

    @pytest.mark.parametrize("probe", ["phased", "CONVEX", '"linear"', "linear "])
    def test_refuses_a_probe_that_is_none(self, api: Api, probe: str) -> None:
        response = ask(api, probe=probe)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
        assert "expected 'convex' or 'linear'" in response.json()["detail"]
        api.assert_nothing_stays()

    def test_refuses_another_content_type(self, api: Api) -> None:
        response = api.client.post("/screenings", content=b"x", headers={"content-type": "a/b"})
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_type")


class TestAskForARecording:
    def test_screens_what_was_uploaded_before(self, api: Api) -> None:
        files = {"file": ("scan", media_files.gif())}
        recording = api.client.post("/recordings", files=files).json()
        response = ask_again(api, recording["id"], crop={"x": 0, "y": 0, "size": 50})
        assert response.status_code == 202
        assert response.json()["recording_id"] == recording["id"]
        assert response.json()["crop"] == {"x": 0, "y": 0, "size": 50}
        assert response.json()["progress"]["total"] == recording["sampled_frames"]

    def test_is_for_the_probe_that_is_named(self, api: Api) -> None:
        recording_id = ask(api).json()["recording_id"]
        assert ask_again(api, recording_id, probe="linear").json()["probe"] == "linear"
        assert ask_again(api, recording_id).json()["probe"] == "convex"
        response = ask_again(api, recording_id, probe="phased")
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")

    def test_an_unknown_recording_is_not_found(self, api: Api) -> None:
        response = ask_again(api, uuid4())
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("age", ["expired", "deleted"])
    def test_pixels_past_their_time_are_gone(self, api: Api, age: str) -> None:
        change = {"expired": "expires_at", "deleted": "pixels_deleted_at"}[age]
        with api.database.write() as session:
            recording = create_recording(session, **{change: utc_now() - timedelta(seconds=1)})
            session.commit()
        response = ask_again(api, recording.id)
        assert (response.status_code, response.json()["code"]) == (410, "gone")

    def test_refuses_a_square_outside(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session)
            session.commit()
        response = ask_again(api, recording.id, crop={"x": 40, "y": 0, "size": 64})
        assert (response.status_code, response.json()["code"]) == (422, "crop_outside")

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'{"recording_id": 1}', b'{"recording_id": "' + b"a" * 20_000]
    )
    def test_refuses_a_malformed_body(self, api: Api, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        response = api.client.post("/screenings", content=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


class TestBounds:
    def test_fifty_at_once_are_taken_up_to_the_rate_of_one_client(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(uploads_per_minute=30)
        refused = [each for each in fifty_at_once(api) if each.status_code != 202]
        assert len(refused) == 20
        for response in refused:
            assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
            assert 1 <= int(response.headers["retry-after"]) <= 60
            assert response.json()["retry_after_s"] == int(response.headers["retry-after"])
        assert api.rows() == 2 * 30
        assert len(api.stored()) == 2 * 30

    def test_fifty_at_once_are_taken_up_to_the_bound_of_the_queue(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(max_queued=7)
        refused = [each for each in fifty_at_once(api) if each.status_code != 202]
        assert len(refused) == 43
        for response in refused:
            assert (response.status_code, response.json()["code"]) == (503, "queue_full")
            assert int(response.headers["retry-after"]) >= 1
        assert api.rows() == 2 * 7
        assert len(api.stored()) == 2 * 7

    def test_one_client_fills_its_share_of_the_queue_and_another_still_finds_room(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(max_queued=7, max_queued_per_client=4)
        taken = [ask(api).status_code for _ in range(6)]
        assert taken == [202] * 4 + [503] * 2
        refusal = ask(api)
        assert refusal.json()["code"] == "queue_full"
        assert refusal.json()["limit"] == 4
        assert int(refusal.headers["retry-after"]) >= 1
        with httpx.Client(
            transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=ANSWER_S
        ) as other:
            files = {"file": ("scan", media_files.image())}
            assert other.post(f"{api.url}/api/v1/screenings", files=files).status_code == 202

    def test_who_asks_is_kept_as_a_digest_and_never_as_an_address(self, api: Api) -> None:
        ids = [UUID(ask(api).json()["id"]) for _ in range(2)]
        with api.database.read() as session:
            clients = {session.get_one(Screening, each).client for each in ids}
        (client,) = clients
        assert re.fullmatch("[0-9a-f]{32}", client)

    def test_nothing_is_taken_while_the_service_drains(self, start_api: Callable[..., Api]) -> None:
        api = start_api(draining=True)
        response = ask(api)
        assert (response.status_code, response.json()["code"]) == (503, "draining")
        assert int(response.headers["retry-after"]) >= 1
        api.assert_nothing_stays()


def fifty_at_once(api: Api) -> list[httpx.Response]:
    content = media_files.image()
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(api, content))) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    return answers


class TestBrokerDown:
    def test_the_row_waits_and_the_client_notices_nothing(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(broker_url="redis://127.0.0.1:1/0")
        started = time.monotonic()
        response = ask(api)
        assert response.status_code == 202
        assert time.monotonic() - started < 10
        screening_id = UUID(response.json()["id"])
        with api.database.write() as session:
            moment = utc_now() + timedelta(hours=1)
            found = leases.requeue_expired(session, SCREENING, moment, timedelta(0), 3)
        assert found.notify == (screening_id,)


class TestRolledBack:
    def test_neither_row_nor_pixels_nor_message_stay(
        self, start_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise NotFoundError("It is gone.")

        api = start_api(broker_url="")
        messages = api.settings.broker_dir / "messages"
        assert ask(api).status_code == 202
        (message,) = (path.name for path in messages.glob("*.msg"))
        monkeypatch.setattr("backend.screenings.service.to_schema", fail)
        rows, stored = api.rows(), api.stored()
        assert ask(api).status_code == 404
        assert (api.rows(), api.stored()) == (rows, stored)
        assert [path.name for path in messages.glob("*.msg")] == [message]


class TestFrames:
    @pytest.fixture
    def screening_id(self, api: Api) -> UUID:
        with api.database.write() as session:
            recording = create_recording(session)
            screening = create_screening(session, recording, status="done", result=answer())
            session.commit()
        store_pixels(api.storage, recording, screening)
        return screening.id

    def test_are_jpeg_pictures(self, api: Api, screening_id: UUID) -> None:
        response = api.client.get(f"/screenings/{screening_id}/frames/2.jpg")
        assert (response.status_code, response.content) == (200, b"frame 2")
        assert response.headers["content-type"] == "image/jpeg"

    @pytest.mark.parametrize("index", ["3", "999"])
    def test_that_are_not_there_are_not_found(
        self, api: Api, screening_id: UUID, index: str
    ) -> None:
        response = api.client.get(f"/screenings/{screening_id}/frames/{index}.jpg")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_with_a_number_that_is_none_are_invalid(self, api: Api, screening_id: UUID) -> None:
        response = api.client.get(f"/screenings/{screening_id}/frames/first.jpg")
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")

    def test_of_an_unknown_screening_are_not_found(self, api: Api) -> None:
        response = api.client.get(f"/screenings/{uuid4()}/frames/0.jpg")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_are_gone_after_the_retention_time(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session, pixels_deleted_at=utc_now())
            screening = create_screening(session, recording, status="done", result=answer())
            session.commit()
        response = api.client.get(f"/screenings/{screening.id}/frames/0.jpg")
        assert (response.status_code, response.json()["code"]) == (410, "gone")


class TestDelete:
    def test_leaves_nothing(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session)
            screening = create_screening(session, recording, status="done", result=answer())
            session.commit()
        store_pixels(api.storage, recording, screening)
        assert api.client.delete(f"/screenings/{screening.id}").status_code == 204
        assert api.client.get(f"/screenings/{screening.id}").status_code == 404
        api.assert_nothing_stays()

    def test_leaves_a_recording_that_another_screening_uses(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session)
            first = create_screening(session, recording)
            second = create_screening(session, recording)
            session.commit()
        store_pixels(api.storage, recording, first)
        assert api.client.delete(f"/screenings/{first.id}").status_code == 204
        assert api.client.get(f"/screenings/{second.id}").status_code == 200
        assert sorted(api.stored()) == sorted([recording.storage_key, recording.preview_key])

    def test_cancels_a_running_one(self, api: Api) -> None:
        screening_id = UUID(ask(api).json()["id"])
        with api.database.write() as session:
            lease = leases.lease_this(session, SCREENING, screening_id, utc_now())
            assert lease is not None
            session.commit()
        assert api.client.delete(f"/screenings/{screening_id}").status_code == 204
        with api.database.write() as session, pytest.raises(LeaseLostError):
            leases.progress(session, lease, utc_now(), done=1, total=1)
        api.assert_nothing_stays()

    def test_a_second_time_is_not_found(self, api: Api) -> None:
        screening_id = ask(api).json()["id"]
        assert api.client.delete(f"/screenings/{screening_id}").status_code == 204
        assert api.client.delete(f"/screenings/{screening_id}").status_code == 404
