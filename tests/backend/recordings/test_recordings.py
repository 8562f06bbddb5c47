"""POST, GET and DELETE of recordings."""

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from backend.core.db import utc_now
from backend.recordings import repository
from tests import media_files
from tests.conftest import Api
from tests.factories import create_recording, create_screening, store_pixels


def upload(api: Api, content: bytes, name: str = "scan.bin") -> httpx.Response:
    return api.client.post("/recordings", files={"file": (name, content)})


class TestUpload:
    def test_answers_with_what_the_bytes_are_whatever_the_name_says(self, api: Api) -> None:
        response = upload(api, media_files.video(seconds=2), "not-a-video.txt")
        assert response.status_code == 201
        recording = response.json()
        assert response.headers["location"] == f"/api/v1/recordings/{recording['id']}"
        assert recording["kind"] == "video"
        assert recording["format"] == "mp4"
        assert (recording["width"], recording["height"]) == (96, 64)
        assert recording["frames"] == 20
        assert 1 <= recording["sampled_frames"] <= 30
        crop = recording["proposed_crop"]
        assert crop["x"] + crop["size"] <= 96
        assert crop["y"] + crop["size"] <= 64

    @pytest.mark.parametrize(
        ("content", "form", "kind"),
        [
            (media_files.image("PNG"), "png", "image"),
            (media_files.image("JPEG"), "jpeg", "image"),
            (media_files.image("WEBP"), "webp", "image"),
            (media_files.image("BMP"), "bmp", "image"),
            (media_files.image("TIFF"), "tiff", "image"),
            (media_files.gif(), "gif", "video"),
            (media_files.video("mov"), "mov", "video"),
            (media_files.video("avi"), "avi", "video"),
            (media_files.video("mpeg", "mpeg2video", rate=25), "mpeg", "video"),
            (media_files.video_without_duration(), "webm", "video"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_takes_every_format(self, api: Api, content: bytes, form: str, kind: str) -> None:
        response = upload(api, content)
        assert response.status_code == 201
        assert (response.json()["format"], response.json()["kind"]) == (form, kind)

    def test_keeps_the_bytes_as_they_came(self, api: Api) -> None:
        content = media_files.image()
        response = upload(api, content)
        with api.database.read() as session:
            recording = repository.get(session, uuid_of(response))
        assert recording is not None
        assert recording.sha256 == hashlib.sha256(content).hexdigest()
        with api.storage.open(recording.storage_key) as file:
            assert file.read() == content

    def test_two_uploads_of_the_same_bytes_are_deleted_apart(self, api: Api) -> None:
        first, second = (uuid_of(upload(api, media_files.image())) for _ in range(2))
        assert api.client.delete(f"/recordings/{first}").status_code == 204
        assert api.client.get(f"/recordings/{second}/preview.jpg").status_code == 200

    def test_a_video_without_duration_is_measured(self, api: Api) -> None:
        recording = upload(api, media_files.video_without_duration()).json()
        assert recording["duration_s"] == pytest.approx(1.0, abs=0.2)

    def test_expires_after_the_retention_time(self, start_api: Callable[..., Api]) -> None:
        api = start_api(retention_hours=2)
        recording = api.client.get(
            f"/recordings/{uuid_of(upload(api, media_files.image()))}"
        ).json()
        with api.database.read() as session:
            row = repository.get(session, UUID(recording["id"]))
        assert row is not None
        assert row.expires_at - row.created_at == timedelta(hours=2)


class TestGet:
    def test_shows_what_the_upload_answered(self, api: Api) -> None:
        uploaded = upload(api, media_files.image())
        again = api.client.get(uploaded.headers["location"].removeprefix("/api/v1"))
        assert again.json() == uploaded.json()
        assert again.headers["cache-control"] == "no-store"

    def test_an_unknown_id_is_not_found(self, api: Api) -> None:
        response = api.client.get(f"/recordings/{uuid4()}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    def test_an_id_that_is_none_is_invalid(self, api: Api) -> None:
        response = api.client.get("/recordings/1")
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


class TestPreview:
    def test_is_the_whole_picture_scaled_down(self, api: Api) -> None:
        recording = upload(api, media_files.image("PNG", 2048, 1000)).json()
        response = api.client.get(recording["preview_url"].removeprefix("/api/v1"))
        assert response.headers["content-type"] == "image/jpeg"
        assert "private" in response.headers["cache-control"]
        assert response.headers["vary"] == "Cookie, Authorization"
        with Image.open(io.BytesIO(response.content)) as picture:
            assert picture.size == (1024, 500)

    def test_is_gone_after_the_retention_time(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session, pixels_deleted_at=utc_now())
            session.commit()
        response = api.client.get(f"/recordings/{recording.id}/preview.jpg")
        assert (response.status_code, response.json()["code"]) == (410, "gone")
        assert api.client.get(f"/recordings/{recording.id}").json()["preview_url"] is None


class TestDelete:
    def test_takes_screenings_and_all_pixels_with_it(self, api: Api) -> None:
        with api.database.write() as session:
            recording = create_recording(session)
            screening = create_screening(session, recording)
            session.commit()
        store_pixels(api.storage, recording, screening)
        assert api.client.delete(f"/recordings/{recording.id}").status_code == 204
        assert api.client.get(f"/screenings/{screening.id}").status_code == 404
        api.assert_nothing_stays()

    def test_a_second_time_is_not_found(self, api: Api) -> None:
        recording_id = uuid_of(upload(api, media_files.image()))
        assert api.client.delete(f"/recordings/{recording_id}").status_code == 204
        assert api.client.delete(f"/recordings/{recording_id}").status_code == 404


def uuid_of(response: httpx.Response) -> UUID:
    return UUID(response.json()["id"])
