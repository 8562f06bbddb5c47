"""Trainings and artifacts over HTTP: start, look, cancel; what answers, and back again."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.kinds import FOLD
from backend.jobs.leases import LeaseLostError
from backend.tables import AuditEvent, Training
from backend.tables.trainings import Comparison
from backend.tables.vocabulary import JobState
from backend.trainings.artifacts import repository as artifacts
from tests.conftest import Api
from tests.factories_artifacts import create_manifest
from tests.factories_releases import create_ingested, create_item, create_release

MANIFEST = create_manifest(
    metrics={"patient": {"video_accuracy": 0.8}}, files={"heads.safetensors": "0" * 64}
)


@pytest.fixture
def admin(api: Api, sign_in: Callable[..., Any]) -> httpx.Client:
    client: httpx.Client = sign_in(api, "admin").client
    return client


@pytest.fixture
def release(api: Api) -> int:
    """Two folds with each class."""
    with api.database.write() as session:
        made = create_release(session, 1)
        for label in ("covid19", "pneumonia", "healthy"):
            for fold in range(2):
                contribution = create_ingested(session, api.storage, label=label)
                create_item(session, made, contribution, fold=fold)
        session.commit()
    return 1


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestTrainings:
    def test_one_is_queued_with_five_folds(self, admin: httpx.Client, release: int) -> None:
        body = {"release": release, "settings": {"epochs": 1, "copies": 0}}
        answer = admin.post("/trainings", json=body)
        assert answer.status_code == 202
        training = admin.get(f"/trainings/{answer.json()['id']}").json()
        assert answer.headers["location"] == f"/api/v1/trainings/{training['id']}"
        assert (training["state"], training["settings"]["epochs"]) == ("queued", 1)
        assert [each["state"] for each in training["folds"]] == ["queued"] * 5
        assert [each["id"] for each in admin.get("/trainings").json()["items"]] == [training["id"]]

    def test_one_at_a_time(self, admin: httpx.Client, release: int) -> None:
        assert admin.post("/trainings", json={"release": release}).status_code == 202
        assert problem(admin.post("/trainings", json={"release": release})) == (409, "conflict")

    def test_a_release_that_is_not_there_is_not_found(self, admin: httpx.Client) -> None:
        assert problem(admin.post("/trainings", json={"release": 9})) == (404, "not_found")

    def test_a_release_without_a_class_cannot_be_trained_on(
        self, api: Api, admin: httpx.Client, release: int
    ) -> None:
        with api.database.write() as session:
            made = create_release(session, 2)
            contribution = create_ingested(session, api.storage, label="covid19")
            create_item(session, made, contribution)
            session.commit()
        answer = admin.post("/trainings", json={"release": 2})
        assert problem(answer) == (409, "conflict")
        assert "of COVID-19 it has only one" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "settings",
        [
            {"epochs": 0},
            {"copies": 99},
            {"learning_rate": 0},
            {"folds": 3},
            {"augmentation": "blur"},
        ],
    )
    def test_settings_that_make_no_sense_are_refused(
        self, admin: httpx.Client, release: int, settings: dict[str, Any]
    ) -> None:
        body = {"release": release, "settings": settings}
        assert problem(admin.post("/trainings", json=body)) == (422, "invalid_input")

    def test_it_is_cancelled_once(self, api: Api, admin: httpx.Client, release: int) -> None:
        training = admin.post("/trainings", json={"release": release}).json()["id"]
        with api.database.write() as session:
            lease = leases.lease(session, FOLD, utc_now())
            assert lease is not None
            session.commit()
        answer = admin.post(f"/trainings/{training}/cancel")
        assert answer.json()["state"] == "cancelled"
        assert {each["state"] for each in answer.json()["folds"]} == {"cancelled"}
        assert problem(admin.post(f"/trainings/{training}/cancel")) == (409, "conflict")
        with api.database.write() as session:
            assert leases.lease(session, FOLD, utc_now()) is None
            with pytest.raises(LeaseLostError):
                leases.renew(session, lease, utc_now())

    def test_they_come_in_pages(self, api: Api, admin: httpx.Client, release: int) -> None:
        for _ in range(3):
            training = admin.post("/trainings", json={"release": release}).json()["id"]
            admin.post(f"/trainings/{training}/cancel")
        first = admin.get("/trainings", params={"limit": 2}).json()
        rest = admin.get("/trainings", params={"limit": 2, "cursor": first["next"]}).json()
        assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
        assert problem(admin.get("/trainings", params={"cursor": "x"})) == (422, "invalid_input")

    @pytest.mark.parametrize("role", ["contributor", "reviewer"])
    def test_only_admins_see_and_do(self, api: Api, sign_in: Callable[..., Any], role: str) -> None:
        client = sign_in(api, role).client
        calls = [
            ("GET", "/trainings"),
            ("POST", "/trainings"),
            ("GET", f"/trainings/{uuid4()}"),
            ("POST", f"/trainings/{uuid4()}/cancel"),
            ("POST", "/artifacts/pocovidnet-1/activate"),
        ]
        for method, path in calls:
            assert client.request(method, path, json={"release": 1}).status_code == 403
            assert api.client.request(method, path, json={"release": 1}).status_code == 401


class TestArtifacts:
    @pytest.fixture
    def two(self, api: Api, release: int) -> None:
        """The shipped one, and one that was trained here."""
        with api.database.write() as session:
            artifacts.register(session, "pocovidnet-1", None, MANIFEST, utc_now())
            artifacts.register(session, "pocovidnet-r1-a", "artifacts/a/1", MANIFEST, utc_now())
            session.commit()
        for name in ("manifest.json", "heads.safetensors"):
            api.storage.put_bytes(f"artifacts/a/1/{name}", b"content")

    def test_the_shipped_one_answers_until_somebody_decides(self, api: Api, two: None) -> None:
        found = api.client.get("/artifacts").json()
        assert (found["active"], found["previous"]) == ("pocovidnet-1", None)
        assert {each["version"]: each["shipped"] for each in found["items"]} == {
            "pocovidnet-1": True,
            "pocovidnet-r1-a": False,
        }

    def test_one_call_forward_and_one_back(self, api: Api, admin: httpx.Client, two: None) -> None:
        answer = admin.post("/artifacts/pocovidnet-r1-a/activate")
        assert (answer.status_code, answer.json()["active"]) == (200, True)
        found = api.client.get("/artifacts").json()
        assert (found["active"], found["previous"]) == ("pocovidnet-r1-a", "pocovidnet-1")

        admin.post(f"/artifacts/{found['previous']}/activate")

        found = api.client.get("/artifacts").json()
        assert (found["active"], found["previous"]) == ("pocovidnet-1", "pocovidnet-r1-a")
        assert [each["version"] for each in found["history"]] == ["pocovidnet-1", "pocovidnet-r1-a"]
        with api.database.read() as session:
            query = select(AuditEvent.action, AuditEvent.subject_id).order_by(AuditEvent.id)
            assert [tuple(each) for each in session.execute(query)][-2:] == [
                ("artifacts.activated", "pocovidnet-r1-a"),
                ("artifacts.activated", "pocovidnet-1"),
            ]

    def test_what_answers_already_is_a_conflict(self, admin: httpx.Client, two: None) -> None:
        assert problem(admin.post("/artifacts/pocovidnet-1/activate")) == (409, "conflict")

    def test_one_whose_files_are_gone_is_a_conflict(
        self, api: Api, admin: httpx.Client, two: None
    ) -> None:
        api.storage.delete("artifacts/a/1/heads.safetensors")
        answer = admin.post("/artifacts/pocovidnet-r1-a/activate")
        assert problem(answer) == (409, "conflict")
        assert "heads.safetensors is missing" in answer.json()["detail"]
        assert api.client.get("/artifacts").json()["active"] == "pocovidnet-1"

    def test_after_an_upgrade_what_ships_is_what_ships_today(
        self, api: Api, admin: httpx.Client, two: None
    ) -> None:
        for version in ("pocovidnet-r1-a", "pocovidnet-1"):
            admin.post(f"/artifacts/{version}/activate")
        with api.database.write() as session:
            artifacts.register(session, "pocovidnet-2", None, MANIFEST, utc_now())
            session.commit()
        found = api.client.get("/artifacts").json()
        assert (found["active"], found["previous"]) == ("pocovidnet-2", "pocovidnet-r1-a")
        assert {each["version"]: each["available"] for each in found["items"]} == {
            "pocovidnet-2": True,
            "pocovidnet-r1-a": True,
            "pocovidnet-1": False,
        }
        answer = admin.post("/artifacts/pocovidnet-1/activate")
        assert problem(answer) == (409, "conflict")
        assert "earlier version of this software" in answer.json()["detail"]

    def test_one_that_is_unknown_is_not_found(self, admin: httpx.Client, two: None) -> None:
        assert problem(admin.post("/artifacts/none/activate")) == (404, "not_found")
        assert problem(admin.get("/artifacts/none")) == (404, "not_found")
        assert problem(admin.get("/artifacts/a%20b")) == (422, "invalid_input")

    def test_its_manifest_and_where_it_came_from(
        self, api: Api, admin: httpx.Client, two: None
    ) -> None:
        training = admin.post("/trainings", json={"release": 1}).json()["id"]
        with api.database.write() as session:
            row = session.get(Training, UUID(training))
            assert row is not None
            row.state, row.artifact_version = JobState.DONE, "pocovidnet-r1-a"
            session.commit()
        found = api.client.get("/artifacts/pocovidnet-r1-a").json()
        assert (found["release"], found["training"]) == (1, training)
        assert found["manifest"] == asdict(MANIFEST)


@pytest.mark.parametrize("known_by", [None, ["bytes", "original", "fingerprint"]])
def test_a_comparison_of_before_copies_were_recognised_shows_no_figures(
    api: Api, admin: httpx.Client, release: int, known_by: list[str] | None
) -> None:
    """It took what the active artifact had learnt from for recordings that it had never seen."""
    training_id = admin.post("/trainings", json={"release": release}).json()["id"]
    found: dict[str, Any] = {
        "recordings": 6,
        "frames": 9,
        "new": {"version": "pocovidnet-2", "metrics": {"video_accuracy": 0.467}},
        "active": {
            "version": "pocovidnet-1",
            "metrics": {"video_accuracy": 1.0},
            "held_out": 0,
            "new_to_it": 6,
            "may_have_seen": False,
        },
    }
    with api.database.write() as session:
        training = session.get(Training, UUID(training_id))
        assert training is not None
        found |= {} if known_by is None else {"known_by": known_by}
        training.comparison = cast("Comparison", found)
        session.commit()
    told = admin.get(f"/trainings/{training_id}").json()["comparison"]
    figures = [told[side]["metrics"] for side in ("new", "active")]
    assert told["active"]["may_have_seen"] is (known_by is None)
    assert (figures == [None, None]) is (known_by is None)
