"""Submissions over HTTP: drafts, the check, the submit and what follows; only one's own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from celery import Celery
from sqlalchemy import select

from backend.core.db import utc_now
from backend.submissions import near_copies
from backend.system.checks.finding import Context
from backend.system.checks.labels import labels
from backend.tables import AuditEvent, Contribution, Review, Submission, User
from backend.tables.vocabulary import ContributionState, Label
from tests.conftest import Api, SignedIn
from tests.factories import create_user
from tests.factories_contributions import (
    SAID,
    create_contribution,
    create_submission,
    create_upload,
    store_contribution,
    store_upload,
)

SignIn = Callable[..., SignedIn]


@pytest.fixture
def me(api: Api, sign_in: SignIn) -> SignedIn:
    return sign_in(api)


def made(api: Api, user: User, *contributions: dict[str, Any], **changes: Any) -> Submission:
    """A submission of theirs with these recordings, their bytes stored."""
    with api.database.write() as session:
        submission = create_submission(session, user, **changes)
        for contribution in contributions:
            row = create_contribution(session, submission, **{"state": "draft"} | contribution)
            store_contribution(api.storage, row)
            near_copies.record(session, row)
        session.commit()
    return submission


def only(api: Api, submission: Submission) -> Contribution:
    query = select(Contribution).where(Contribution.submission_id == submission.id)
    with api.database.read() as session:
        return session.scalars(query).one()


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert problem["detail"].endswith("."), problem
    return problem


@pytest.mark.parametrize(
    "given", [{"title": "a\x00"}, {"defaults": {"source": "a\x00"}}, {"defaults": {"note": "\x00"}}]
)
def test_a_nul_is_no_text(me: SignedIn, given: dict[str, Any]) -> None:
    refused(me.client.post("/submissions", json=given), 422, "invalid_input")


NOTHING = {"label": None, "probe": None, "licence": None, "source": ""}


class TestDrafts:
    def test_defaults_count_for_every_recording_without_its_own(
        self, api: Api, me: SignedIn
    ) -> None:
        draft = made(api, me.user, NOTHING)
        defaults = {"label": "covid19", "findings": {"b_lines": True}, "patient": "p 17"}
        answer = me.client.patch(f"/submissions/{draft.id}", json={"defaults": defaults}).json()
        assert answer["defaults"]["has_patient"] is True
        assert "patient" not in answer["defaults"]
        item = me.client.get(f"/submissions/{draft.id}/contributions").json()["items"][0]
        assert (item["label"], item["findings"]) == ("covid19", {"b_lines": True})
        assert set(item["fields_from"]) == {"label", "findings", "patient"}

        path = f"/contributions/{item['id']}"
        changed = me.client.patch(path, json={"label": "healthy"}).json()
        assert (changed["label"], changed["fields_from"]) == ("healthy", ["patient", "findings"])
        again = me.client.patch(path, json={"label": None}).json()
        assert again["label"] == "covid19"

    def test_a_default_is_emptied_with_null(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user)
        path = f"/submissions/{draft.id}"
        me.client.patch(path, json={"defaults": {"label": "covid19", "note": "x"}})
        answer = me.client.patch(path, json={"defaults": {"label": None}, "title": "New"}).json()
        assert (answer["title"], answer["defaults"]["label"]) == ("New", None)
        assert answer["defaults"]["note"] == "x"

    def test_many_are_changed_at_once_or_none(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, NOTHING, NOTHING)
        path = f"/submissions/{draft.id}/contributions"
        ids = [item["id"] for item in me.client.get(path).json()["items"]]
        body = {"ids": ids, "fields": {"label": "viral", "symptoms": ["fever"]}}
        assert me.client.patch(path, json=body).json() == {"changed": 2}
        assert {item["label"] for item in me.client.get(path).json()["items"]} == {"viral"}

        stranger = {"ids": [*ids, str(uuid4())], "fields": {"label": "other"}}
        refused(me.client.patch(path, json=stranger), 404, "not_found")
        assert {item["label"] for item in me.client.get(path).json()["items"]} == {"viral"}

    @pytest.mark.parametrize(
        "fields",
        [{"label": "flu"}, {"probe": "phased"}, {"licence": "CC BY 2.0"}, {"findings": {"x": True}},
         {"symptoms": ["pain"]}, {"source": "x" * 201}, {"name": "Jane"}, {"patient": "   "}],
    )  # fmt: skip
    def test_what_is_outside_the_lists_changes_nothing(
        self, api: Api, me: SignedIn, fields: dict[str, Any]
    ) -> None:
        draft = made(api, me.user, {})
        before = only(api, draft)
        path = f"/contributions/{before.id}"
        refused(me.client.patch(path, json=fields), 422, "invalid_input")
        assert only(api, draft).label == before.label

    def test_of_a_patient_only_a_keyed_hash_is_kept(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, {}, {})
        path = f"/submissions/{draft.id}/contributions"
        ids = [item["id"] for item in me.client.get(path).json()["items"]]
        for contribution_id, said in zip(ids, ("Ward 3 / 17", "ward3/17"), strict=True):
            me.client.patch(f"/contributions/{contribution_id}", json={"patient": said})
        with api.database.read() as session:
            hashes = set(session.scalars(select(Contribution.patient_hash)))
        assert len(hashes) == 1
        (kept,) = hashes
        assert kept is not None
        assert len(kept) == 64
        files = [path for path in api.settings.data_dir.rglob("*") if path.is_file()]
        assert not any(b"Ward 3 / 17" in path.read_bytes() for path in files)

    def test_pages_go_on_where_they_ended(self, api: Api, me: SignedIn) -> None:
        drafts = [made(api, me.user, created_at=utc_now() - timedelta(hours=n)) for n in range(3)]
        first = me.client.get("/submissions?limit=2").json()
        rest = me.client.get("/submissions", params={"limit": 2, "cursor": first["next"]}).json()
        found = [item["id"] for item in first["items"] + rest["items"]]
        assert found == [str(each.id) for each in drafts]
        assert rest["next"] is None
        refused(me.client.get("/submissions?cursor=nonsense"), 422, "invalid_input")

    def test_deleting_leaves_nothing(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, {}, {})
        with api.database.write() as session:
            upload = create_upload(session, draft)
            session.commit()
        store_upload(api.storage, upload, b"x")
        item = me.client.get(f"/submissions/{draft.id}/contributions").json()["items"][0]
        assert me.client.delete(f"/contributions/{item['id']}").status_code == 204
        assert me.client.get(f"/submissions/{draft.id}").json()["contributions"] == 1
        assert me.client.delete(f"/submissions/{draft.id}").status_code == 204
        refused(me.client.get(f"/submissions/{draft.id}"), 404, "not_found")
        assert api.stored() == []

    def test_a_manifest_fills_and_names_each_bad_row(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, NOTHING | {"file_name": "ward/a.mp4"})
        text = "file_name,label,what\na,healthy,1\nb.mp4,healthy,1\nc.mp4,flu,1\na,healthy,1\n"
        answer = me.client.post(f"/submissions/{draft.id}/manifest", content=text).json()
        assert answer["applied"] == 2
        problems = {row["line"]: row["problem"] for row in answer["rows"] if row["problem"]}
        assert set(problems) == {1, 3, 4}
        assert [row["status"] for row in answer["rows"]] == [
            "refused", "used", "waiting", "refused", "used",
        ]  # fmt: skip
        assert only(api, draft).label == "healthy"
        check = me.client.get(f"/submissions/{draft.id}/check").json()
        assert [row["file_name"] for row in check["manifest"]] == ["b.mp4", "c.mp4"]
        refused(
            me.client.post(f"/submissions/{draft.id}/manifest", content=b"x"), 422, "bad_manifest"
        )
        refused(
            me.client.post(f"/submissions/{draft.id}/manifest", content=bytes(2_100_000)),
            413,
            "file_too_large",
        )


class TestCheck:
    def test_says_what_is_missing_and_what_is_on_its_way(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user)
        path = f"/submissions/{draft.id}"
        (problem,) = me.client.get(f"{path}/check").json()["problems"]
        assert problem["field"] == "files"
        with api.database.write() as session:
            create_contribution(session, draft, state="draft", label=None)
            create_upload(session, draft, state="receiving")
            session.commit()
        found = me.client.get(f"{path}/check").json()
        assert [each["field"] for each in found["problems"]] == ["label"]
        assert (found["ready"], found["waiting"]) == (False, 1)
        problem = refused(
            me.client.post(f"{path}/submit", json={"consent": True}), 409, "not_ready"
        )
        assert problem["waiting"] == 1

    def test_shows_what_is_there_twice(self, api: Api, me: SignedIn, sign_in: SignIn) -> None:
        look = ["0123456789abcdef"]
        near = ["0123456789abcdee"]
        far = ["fedcba9876543210"]
        made(
            api,
            sign_in(api).user,
            {"state": "pending", "sha256": "a" * 64, "fingerprints": look},
            {"state": "approved", "sha256": "b" * 64, "fingerprints": far},
            {"state": "withdrawn", "sha256": "c" * 64, "fingerprints": far},
            {"state": "draft", "sha256": "d" * 64, "fingerprints": look},
            submitted_at=utc_now(),
        )
        ids = [uuid4() for _ in range(4)]
        looks = [("a" * 64, look), ("e" * 64, near), ("b" * 64, far), ("d" * 64, [])]
        start = utc_now()
        draft = made(
            api,
            me.user,
            *(
                {"id": each, "sha256": sha256, "fingerprints": hashes,
                 "created_at": start + timedelta(seconds=n)}
                for n, (each, (sha256, hashes)) in enumerate(zip(ids, looks, strict=True))
            ),
        )  # fmt: skip
        found = me.client.get(f"/submissions/{draft.id}/check").json()["duplicates"]
        said = {(each["contribution_id"], each["of"], each["kind"]) for each in found}
        one, other, third, _ = map(str, ids)
        assert said == {
            (one, "queue", "exact"),
            (other, "batch", "near"),
            (other, "queue", "near"),
            (third, "dataset", "exact"),
        }
        assert {each["other_id"] for each in found if each["of"] == "batch"} == {one}
        assert {each["other_id"] for each in found if each["of"] != "batch"} == {None}


class TestSubmit:
    def test_copies_the_defaults_and_asks_for_preparation(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, NOTHING, defaults=SAID | {"note": "all"})
        path = f"/submissions/{draft.id}"
        answer = me.client.post(f"{path}/submit", json={"consent": True}).json()
        assert (answer["state"], answer["states"]) == ("submitted", {"pending": 1})
        assert answer["consent_at"] is not None
        row = only(api, draft)
        assert (row.state, row.label, row.note, row.previews_state) == (
            "pending", "covid19", "all", "queued",
        )  # fmt: skip
        with api.database.read() as session:
            actions = list(session.scalars(select(AuditEvent.action)))
        assert {"contributions.submitted", "submissions.submitted"} <= set(actions)

    def test_keeps_the_rows_of_its_recordings_for_the_check(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, SAID | {"file_name": "a.gif"})
        path, row = f"/submissions/{draft.id}", only(api, draft)
        table = b"file_name,label\na.gif,healthy\nabsent.gif,pneumonia\n"
        assert me.client.post(f"{path}/manifest", content=table).status_code == 200
        assert me.client.post(f"{path}/submit", json={"consent": True}).status_code == 200
        context = Context(
            api.database, api.database.write, api.storage, api.settings, Celery(), utc_now()
        )
        assert list(labels(context)) == []
        with api.database.write() as session:
            kept = session.scalars(select(Submission.manifest)).one()
            session.get_one(Contribution, row.id).label = Label.COVID19
            session.commit()
        assert [each["file_name"] for each in kept.values()] == ["a.gif"]
        (found,) = labels(context)
        assert (found.kind, found.id) == ("label_differs", str(row.id))

    def test_needs_the_consent(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, {})
        for body in ({}, {"consent": False}):
            answer = me.client.post(f"/submissions/{draft.id}/submit", json=body)
            refused(answer, 422, "invalid_input")
        assert only(api, draft).state == "draft"

    def test_names_what_is_missing_and_changes_nothing(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, {"licence": None})
        answer = me.client.post(f"/submissions/{draft.id}/submit", json={"consent": True})
        problem = refused(answer, 409, "not_ready")
        assert [each["field"] for each in problem["problems"]] == ["licence"]
        assert only(api, draft).state == "draft"

    def test_is_the_end_of_the_draft(self, api: Api, me: SignedIn) -> None:
        draft = made(api, me.user, {})
        path, recording = f"/submissions/{draft.id}", f"/contributions/{only(api, draft).id}"
        me.client.post(f"{path}/submit", json={"consent": True})
        for answer in (
            me.client.post(f"{path}/submit", json={"consent": True}),
            me.client.patch(path, json={"title": "x"}),
            me.client.patch(recording, json={"label": "healthy"}),
            me.client.delete(recording),
            me.client.delete(path),
            me.client.post(f"{path}/manifest", content=b"file_name\nx\n"),
        ):
            refused(answer, 409, "already_submitted")
        assert only(api, draft).label == "covid19"


class TestAfterwards:
    def sent(self, api: Api, user: User, **changes: Any) -> Contribution:
        submission = made(api, user, {"state": "pending"} | changes, submitted_at=utc_now())
        return only(api, submission)

    def say(self, api: Api, row: Contribution, verdict: str, round_: int = 1) -> None:
        with api.database.write() as session:
            reviewer = create_user(session, role="reviewer")
            session.add(
                Review(
                    contribution_id=row.id,
                    reviewer_id=reviewer.id,
                    round=round_,
                    reading=1,
                    verdict=verdict,
                    comment="Which side?",
                    claimed_at=utc_now(),
                    created_at=utc_now(),
                )
            )
            session.commit()

    def test_withdrawing_is_possible_once_in_any_state(self, api: Api, me: SignedIn) -> None:
        for state in ("pending", "changes_requested", "approved", "rejected"):
            row = self.sent(api, me.user, state=state)
            path = f"/contributions/{row.id}"
            assert me.client.post(f"{path}/withdraw").json()["state"] == "withdrawn"
            refused(me.client.post(f"{path}/withdraw"), 409, "already_withdrawn")
            refused(me.client.get(f"{path}/preview.jpg"), 410, "gone")
        draft = made(api, me.user, {})
        answer = me.client.post(f"/contributions/{only(api, draft).id}/withdraw")
        refused(answer, 409, "conflict")

    def test_reviewers_words_are_shown_when_they_are_final(self, api: Api, me: SignedIn) -> None:
        row = self.sent(api, me.user)
        self.say(api, row, "approve")
        path = f"/contributions/{row.id}"
        seen = me.client.get(path).json()  # a second reader may follow
        assert (seen["reviewer_words"], seen["final_label"]) == ([], None)
        with api.database.write() as session:
            found = session.get(Contribution, row.id)
            assert found is not None
            found.state, found.final_label = ContributionState.APPROVED, Label.HEALTHY
            session.commit()
        seen = me.client.get(path).json()
        assert (seen["label"], seen["final_label"]) == ("covid19", "healthy")
        (words,) = seen["reviewer_words"]
        assert (words["verdict"], words["comment"]) == ("approve", "Which side?")

    def test_an_answer_brings_it_back_to_the_reviewers(self, api: Api, me: SignedIn) -> None:
        row = self.sent(api, me.user, state="changes_requested")
        self.say(api, row, "request_changes")
        path = f"/contributions/{row.id}"
        body = {"answer": "The left one.", "fields": {"blue_point": "left_upper"}}
        answer = me.client.post(f"{path}/answer", json=body).json()
        assert (answer["state"], answer["answer"]) == ("pending", "The left one.")
        assert answer["blue_point"] == "left_upper"
        assert [each["verdict"] for each in answer["reviewer_words"]] == ["request_changes"]
        with api.database.read() as session:
            found = session.get(Contribution, row.id)
        assert found is not None
        assert (found.review_round, found.previews_state) == (2, "queued")
        refused(me.client.post(f"{path}/answer", json=body), 409, "conflict")

    def test_an_answer_must_not_empty_what_must_be_said(self, api: Api, me: SignedIn) -> None:
        row = self.sent(api, me.user, state="changes_requested")
        body = {"answer": "Hm.", "fields": {"label": None}}
        answer = me.client.post(f"/contributions/{row.id}/answer", json=body)
        refused(answer, 409, "not_ready")
        assert me.client.get(f"/contributions/{row.id}").json()["label"] == "covid19"

    def test_a_reviewer_sees_the_preview_and_not_the_name(
        self, api: Api, me: SignedIn, sign_in: SignIn
    ) -> None:
        row = self.sent(api, me.user)
        draft = only(api, made(api, me.user, {}))
        reviewer = sign_in(api, role="reviewer").client
        assert reviewer.get(f"/contributions/{row.id}/preview.jpg").status_code == 200
        refused(reviewer.get(f"/contributions/{row.id}"), 404, "not_found")
        refused(reviewer.get(f"/contributions/{draft.id}/preview.jpg"), 404, "not_found")


class TestOthers:
    def test_nobody_reaches_anothers(self, api: Api, me: SignedIn, sign_in: SignIn) -> None:
        draft = made(api, me.user, {})
        path, recording = f"/submissions/{draft.id}", f"/contributions/{only(api, draft).id}"
        for other in (sign_in(api).client, sign_in(api, role="admin").client):
            assert other.get("/submissions").json()["items"] == []
            for answer in (
                other.get(path),
                other.patch(path, json={"title": "mine"}),
                other.delete(path),
                other.get(f"{path}/contributions"),
                other.patch(f"{path}/contributions", json={"ids": [str(uuid4())], "fields": {}}),
                other.post(f"{path}/manifest", content=b"file_name\nx\n"),
                other.get(f"{path}/check"),
                other.post(f"{path}/submit", json={"consent": True}),
                other.get(recording),
                other.get(f"{recording}/preview.jpg"),
                other.patch(recording, json={}),
                other.delete(recording),
                other.post(f"{recording}/withdraw"),
                other.post(f"{recording}/answer", json={"answer": "x"}),
            ):
                refused(answer, 404, "not_found")
        assert only(api, draft).state == "draft"

    def test_the_vocabulary_is_everybodys(self, api: Api) -> None:
        words = api.client.get("/vocabulary").json()
        assert {"key": "covid19", "name": "COVID-19"} in words["labels"]
        assert {column["name"] for column in words["manifest_columns"]} >= {"file_name", "b_lines"}
