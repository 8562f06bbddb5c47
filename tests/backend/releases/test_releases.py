"""Releases over HTTP: what everybody sees, what an admin does, and downloads in parts."""

import io
import threading
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from backend.core.db import Database, utc_now
from backend.core.errors import ConflictError
from backend.jobs.celery import make_celery
from backend.releases import repository, service
from backend.storage.keys import dataset_folder, published_folder
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState
from tests.conftest import ANSWER_S, Api
from tests.factories_releases import create_ingested, create_item, create_release
from worker import process
from worker.releases import task as tasks


@pytest.fixture
def worker(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the release that waits, as a worker of this installation would."""
    mine = process.Process(
        "tests:1", api.settings, api.database, api.storage, make_celery(api.settings)
    )
    monkeypatch.setattr(process, "current", lambda: mine)

    def work() -> None:
        with api.database.read() as session:
            waits = repository.under_way(session)
        while waits:  # a busy machine makes it step aside
            tasks.release.run("")
            with api.database.read() as session:
                waits = repository.under_way(session)

    return work


@pytest.fixture
def ready(api: Api) -> list[UUID]:
    """Two recordings that can be released."""
    with api.database.write() as session:
        found = [
            create_ingested(session, api.storage, label="covid19"),
            create_ingested(session, api.storage, label="healthy", kind="image", probe="linear"),
        ]
        session.commit()
        return [each.id for each in found]


@pytest.fixture
def released(api: Api, ready: list[UUID], worker: Callable[[], None]) -> list[UUID]:
    """Release 1, of these two."""
    with api.database.write() as session:
        service.create(session, None, "The first")
        session.commit()
    worker()
    return ready


def withdraw(
    api: Api, contribution_id: UUID, state: ContributionState = ContributionState.WITHDRAWN
) -> None:
    with api.database.write() as session:
        contribution = session.get(Contribution, contribution_id)
        assert contribution is not None
        contribution.state = state
        session.commit()
    api.storage.delete_folder(dataset_folder(contribution_id))
    api.storage.delete_folder(published_folder(contribution_id))


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestMaking:
    def test_an_admin_makes_one_and_a_worker_finishes_it(
        self, api: Api, sign_in: Any, ready: list[UUID], worker: Callable[[], None]
    ) -> None:
        admin = sign_in(api, "admin").client
        preview = admin.get("/releases/next").json()
        assert (preview["ready"], preview["summary"]["recordings"]) == (True, 2)

        answer = admin.post("/releases", json={"note": " The first "})

        assert answer.status_code == 202
        assert answer.headers["location"] == "/api/v1/releases/1"
        assert (answer.json()["state"], answer.json()["note"]) == ("queued", "The first")
        assert problem(api.client.get("/releases/1")) == (404, "not_found")
        assert admin.get("/releases/1").json()["progress"] == {"done": 0, "total": 2}
        worker()
        found = api.client.get("/releases/1").json()
        assert found["state"] == "done"
        assert found["summary"]["classes"][0]["convex"]["videos"] == 1
        assert sorted(found["diff"]["added"]) == sorted(map(str, ready))
        assert {each["name"] for each in found["files"]} == {
            "README.md",
            "SHA256SUMS",
            "changes.csv",
            "croissant.json",
            "dataset_metadata.csv",
            "folds.csv",
        }

    def test_nothing_to_release_is_a_conflict(self, api: Api, sign_in: Any) -> None:
        admin = sign_in(api, "admin").client
        assert problem(admin.post("/releases", json={})) == (409, "nothing_to_release")
        preview = admin.get("/releases/next").json()
        assert not preview["ready"]
        assert "no recording is approved" in preview["reason"]

    @pytest.mark.parametrize("is_first", [True, False])
    def test_what_is_still_being_deidentified_is_waited_for(
        self, api: Api, sign_in: Any, request: pytest.FixtureRequest, is_first: bool
    ) -> None:
        if not is_first:
            request.getfixturevalue("released")
        with api.database.write() as session:
            create_ingested(session, api.storage, deidentify_state="running")
            session.commit()
        admin = sign_in(api, "admin").client
        answer = admin.post("/releases", json={})
        assert problem(answer) == (409, "nothing_to_release")
        assert "still being de-identified (1)" in answer.json()["detail"]
        assert admin.get("/releases/next").json()["waiting_for_ingest"] == 1

    def test_nothing_new_is_a_conflict(self, api: Api, sign_in: Any, released: list[UUID]) -> None:
        admin = sign_in(api, "admin").client
        answer = admin.post("/releases", json={})
        assert problem(answer) == (409, "nothing_to_release")
        assert "since release 1" in answer.json()["detail"]

    def test_one_at_a_time(self, api: Api, sign_in: Any, ready: list[UUID]) -> None:
        admin = sign_in(api, "admin").client
        assert admin.post("/releases", json={}).status_code == 202
        assert problem(admin.post("/releases", json={})) == (409, "conflict")

    def test_what_is_taken_in_anew_is_waited_for(
        self, api: Api, sign_in: Any, released: list[UUID]
    ) -> None:
        with api.database.write() as session:
            contribution = session.get(Contribution, released[0])
            assert contribution is not None
            contribution.deidentify_state = JobState.QUEUED
            session.commit()
        admin = sign_in(api, "admin").client
        answer = admin.post("/releases", json={})
        assert problem(answer) == (409, "conflict")
        assert "de-identified again after a review" in answer.json()["detail"]

    def test_a_reported_label_alone_takes_nothing_out(
        self, api: Api, sign_in: Any, released: list[UUID]
    ) -> None:
        withdraw(api, released[1], state=ContributionState.PENDING)
        admin = sign_in(api, "admin").client
        assert problem(admin.post("/releases", json={})) == (409, "nothing_to_release")

    @pytest.mark.parametrize("role", ["contributor", "reviewer"])
    def test_only_an_admin_may(self, api: Api, sign_in: Any, role: str) -> None:
        client = sign_in(api, role).client
        assert client.post("/releases", json={}).status_code == 403
        assert client.get("/releases/next").status_code == 403
        assert api.client.post("/releases", json={}).status_code == 401

    @pytest.mark.parametrize("body", [{"note": "x" * 2001}, {"notes": ""}, [], None])
    def test_a_wrong_body_is_refused(self, api: Api, sign_in: Any, body: Any) -> None:
        answer = sign_in(api, "admin").client.post("/releases", json=body)
        assert problem(answer) == (422, "invalid_input")


def test_of_two_at_the_same_instant_one_is_made(database: Database, tmp_path: Any) -> None:
    from backend.storage.local import FolderStorage

    incoming = tmp_path / "incoming"
    incoming.mkdir()
    with database.write() as session:
        create_ingested(session, FolderStorage(tmp_path / "storage", incoming))
        session.commit()
    together = threading.Barrier(4)
    outcomes: list[str] = []

    def make() -> None:
        together.wait()
        with database.write() as session:
            try:
                service.create(session, None, "")
                session.commit()
                outcomes.append("made")
            except ConflictError:
                outcomes.append("refused")

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    with database.read() as session:
        assert repository.highest_number(session) == 1


class TestLooking:
    def test_versions_come_newest_first_and_in_pages(self, api: Api, sign_in: Any) -> None:
        with api.database.write() as session:
            for number in range(1, 6):
                create_release(session, number, state="failed" if number == 3 else "done")
            session.commit()
        first = api.client.get("/releases", params={"limit": 2}).json()
        assert [each["number"] for each in first["items"]] == [5, 4]
        rest = api.client.get("/releases", params={"limit": 2, "cursor": first["next"]}).json()
        assert [each["number"] for each in rest["items"]] == [2, 1]
        assert rest["next"] is None
        everything = sign_in(api, "admin").client.get("/releases").json()
        assert [each["number"] for each in everything["items"]] == [5, 4, 3, 2, 1]

    def test_recordings_by_class_and_probe(self, api: Api, released: list[UUID]) -> None:
        everything = api.client.get("/releases/1/items").json()["items"]
        assert [each["id"] for each in everything] == sorted(map(str, released))
        linear = api.client.get("/releases/1/items", params={"probe": "linear"}).json()["items"]
        assert [each["id"] for each in linear] == [str(released[1])]
        (covid19,) = api.client.get("/releases/1/items", params={"label": "covid19"}).json()[
            "items"
        ]
        assert (covid19["licence"], covid19["attribution"]) == ("CC BY 4.0", "A hospital")
        assert (covid19["frames"], covid19["patient"], covid19["withdrawn"]) == (2, None, False)
        assert covid19["findings"] == {"b_lines": True, "effusion": False}

    def test_pages_of_recordings(self, api: Api, released: list[UUID]) -> None:
        first = api.client.get("/releases/1/items", params={"limit": 1}).json()
        rest = api.client.get("/releases/1/items", params={"cursor": first["next"]}).json()
        assert [len(first["items"]), len(rest["items"]), rest["next"]] == [1, 1, None]

    def test_a_frame(self, api: Api, released: list[UUID]) -> None:
        address = f"/releases/1/items/{released[0]}/frames"
        answer = api.client.get(f"{address}/1.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")
        assert problem(api.client.get(f"{address}/2.jpg")) == (404, "not_found")
        strange = f"/releases/1/items/{uuid4()}/frames/0.jpg"
        assert problem(api.client.get(strange)) == (404, "not_found")

    def test_its_tables(self, api: Api, released: list[UUID]) -> None:
        table = api.client.get("/releases/1/dataset_metadata.csv")
        assert table.text.startswith("Date added,Current location,Filename")
        croissant = api.client.get("/releases/1/croissant.json")
        assert croissant.headers["content-type"] == "application/ld+json"
        assert croissant.json()["name"] == "pocovid-release-1"

    @pytest.mark.parametrize(
        "path", ["", "/items", "/archive.zip", "/dataset_metadata.csv", "/croissant.json"]
    )
    def test_what_is_not_there_is_not_found(self, api: Api, path: str) -> None:
        assert problem(api.client.get(f"/releases/7{path}")) == (404, "not_found")

    @pytest.mark.parametrize(
        "query",
        [
            "/releases?limit=0",
            "/releases?limit=201",
            "/releases?cursor=x",
            "/releases/0",
            f"/releases?cursor={10**30}",
        ],
    )
    def test_what_makes_no_sense_is_refused(self, api: Api, query: str) -> None:
        assert problem(api.client.get(query)) == (422, "invalid_input")


class TestDownload:
    def test_all_of_it(self, api: Api, released: list[UUID]) -> None:
        answer = api.client.get("/releases/1/archive.zip")
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert len(answer.content) == api.client.get("/releases/1").json()["archive_bytes"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
            assert found.testzip() is None
            assert f"pocovid-release-1/pocus_videos/convex/{released[0]}.mp4" in found.namelist()
            assert f"pocovid-release-1/frames/{released[1]}/00.png" in found.namelist()

    def test_its_head_says_what_it_is(self, api: Api, released: list[UUID]) -> None:
        head = httpx.head(f"{api.url}/api/v1/releases/1/archive.zip", timeout=ANSWER_S)
        whole = api.client.get("/releases/1/archive.zip")
        assert head.status_code == 200
        for name in ("content-length", "etag", "accept-ranges"):
            assert head.headers[name] == whole.headers[name]

    def test_an_interrupted_one_goes_on(self, api: Api, released: list[UUID]) -> None:
        whole = api.client.get("/releases/1/archive.zip")
        cut = len(whole.content) // 3
        headers = {"Range": f"bytes={cut}-", "If-Range": whole.headers["etag"]}
        rest = api.client.get("/releases/1/archive.zip", headers=headers)
        size = len(whole.content)
        assert rest.status_code == 206
        assert rest.headers["content-range"] == f"bytes {cut}-{size - 1}/{size}"
        assert whole.content[:cut] + rest.content == whole.content

    def test_behind_its_end_there_is_nothing(self, api: Api, released: list[UUID]) -> None:
        size = api.client.get("/releases/1").json()["archive_bytes"]
        headers = {"Range": f"bytes={size}-"}
        answer = api.client.get("/releases/1/archive.zip", headers=headers)
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"

    def test_whoever_has_it_is_told_so(self, api: Api, released: list[UUID]) -> None:
        etag = api.client.get("/releases/1/archive.zip").headers["etag"]
        address = f"{api.url}/api/v1/releases/1/archive.zip"
        assert (
            httpx.get(address, headers={"If-None-Match": etag}, timeout=ANSWER_S).status_code == 304
        )


@pytest.mark.parametrize("state", [ContributionState.WITHDRAWN, ContributionState.REJECTED])
class TestWithdrawn:
    def test_its_pixels_are_gone_from_what_was_released(
        self, api: Api, released: list[UUID], state: ContributionState
    ) -> None:
        before = api.client.get("/releases/1/archive.zip")
        withdraw(api, released[0], state)

        address = f"/releases/1/items/{released[0]}/frames/0.jpg"
        assert problem(api.client.get(address)) == (410, "gone")
        headers = {"Range": "bytes=100-", "If-Range": before.headers["etag"]}
        after = api.client.get("/releases/1/archive.zip", headers=headers)
        assert after.status_code == 200, "parts of two archives are never joined"
        with zipfile.ZipFile(io.BytesIO(after.content)) as found:
            assert found.testzip() is None
            holders = [name for name in found.namelist() if str(released[0]) in name]
            assert holders == []
            listed = found.read("pocovid-release-1/WITHDRAWN.csv").decode()
        assert listed.splitlines()[1] == f"{released[0]},pocus_videos/convex/{released[0]}.mp4"

    def test_it_stays_listed_and_marked(
        self, api: Api, released: list[UUID], state: ContributionState
    ) -> None:
        table = api.client.get("/releases/1/dataset_metadata.csv").text
        withdraw(api, released[0], state)
        assert api.client.get("/releases/1").json()["withdrawn"] == [str(released[0])]
        marks = {
            each["id"]: each["withdrawn"]
            for each in api.client.get("/releases/1/items").json()["items"]
        }
        assert marks == {str(released[0]): True, str(released[1]): False}
        assert api.client.get("/releases/1/dataset_metadata.csv").text == table


def test_what_is_in_a_release_is_known(database: Database) -> None:
    with database.write() as session:
        from tests.factories_contributions import create_contribution

        mine = create_contribution(session, state="approved", final_label="covid19")
        release = create_release(session, 1, state="failed")
        create_item(session, release, mine)
        release.state = JobState.RUNNING
        session.flush()
        assert repository.last_done(session) is None
        assert repository.earlier_items(session, [mine.id]) == {}
        release.state, release.finished_at = JobState.DONE, utc_now()
        session.flush()
        assert set(repository.earlier_items(session, [mine.id])) == {mine.id}
