"""Verdicts taken back, and reviews opened again: everything follows from what stands."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from backend.core.db import utc_now
from backend.reviews import repository
from backend.reviews.decisions import reopen
from tests.backend.reviews.reviewing import (
    APPROVE,
    ASK,
    REJECT,
    actions,
    change,
    ingested,
    judge,
    problem,
    release,
    report,
    row,
    submitted,
    undo,
)
from tests.conftest import Api, SignedIn

SignIn = Callable[..., SignedIn]


class TestUndo:
    def test_of_an_approval_stops_the_ingest(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        attempt = row(api, contribution).deidentify_attempt
        assert undo(anna, given).status_code == 204
        found = row(api, contribution)
        assert (found.state, found.final_label, found.deidentify_state) == ("pending", None, None)
        assert found.deidentify_attempt > attempt
        assert found.claimed_by == anna.user.id
        assert actions(api, contribution)[-1] == "reviews.undone"
        assert judge(anna, contribution, **REJECT)["outcome"] == "rejected"

    def test_of_what_was_ingested_has_the_copy_played(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        ingested(api, contribution)
        change(api, contribution, cine=None, previews_state=None)
        assert undo(anna, given).status_code == 204
        found = row(api, contribution)
        assert (found.pixels_key, found.dataset_frames) == (None, 0)
        assert found.deidentified_key is not None
        assert found.previews_state == "queued"
        cine = anna.client.get(f"/contributions/{contribution}/cine").json()
        assert (cine["state"], cine["times_s"]) == ("preparing", [])

    def test_of_a_rejection(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        assert undo(anna, judge(anna, contribution, **REJECT)).status_code == 204
        assert row(api, contribution).state == "pending"

    def test_of_a_rejection_whose_pixels_are_gone(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **REJECT)
        change(api, contribution, original_key=None, cine=None)
        assert problem(undo(anna, given)) == (410, "gone")
        assert row(api, contribution).state == "rejected"

    def test_is_the_authors_or_an_admins(
        self, api: Api, anna: SignedIn, ben: SignedIn, sign_in: SignIn
    ) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        assert problem(undo(ben, given)) == (403, "forbidden")
        assert row(api, contribution).state == "approved"
        assert undo(sign_in(api, "admin"), given).status_code == 204
        found = row(api, contribution)
        assert (found.state, found.claimed_by) == ("pending", None)

    def test_happens_once(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        undo(anna, given)
        judge(anna, contribution, **APPROVE)
        assert problem(undo(anna, given)) == (409, "already_undone")
        assert row(api, contribution).state == "approved"

    def test_ends_with_a_release(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        ingested(api, contribution)
        release(api, contribution)
        assert problem(undo(anna, given)) == (409, "released")
        assert row(api, contribution).state == "approved"
        assert not anna.client.get("/reviews/mine").json()["items"][0]["undoable"]

    def test_ends_with_a_withdrawal(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **APPROVE)
        change(api, contribution, state="withdrawn")
        assert problem(undo(anna, given)) == (409, "withdrawn")

    def test_ends_when_the_contributor_has_answered(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(anna, contribution, **ASK)
        change(api, contribution, state="pending", review_round=2)
        assert problem(undo(anna, given)) == (409, "later_round")

    def test_of_nothing_is_refused(self, anna: SignedIn) -> None:
        assert problem(undo(anna, {"id": uuid4()})) == (404, "not_found")


class TestReopened:
    """A released recording whose label somebody doubts."""

    @pytest.fixture
    def released(self, api: Api, anna: SignedIn) -> UUID:
        contribution = submitted(api)
        judge(anna, contribution, **APPROVE)
        ingested(api, contribution)
        release(api, contribution)
        return contribution

    def test_waits_with_its_last_decision_standing(
        self, api: Api, ben: SignedIn, released: UUID
    ) -> None:
        assert report(api, released)
        found = row(api, released)
        assert (found.state, found.review_round) == ("pending", 2)
        assert (found.final_label, found.deidentify_state) == ("covid19", "done")
        (item,) = ben.client.get("/reviews/queue").json()["items"]
        assert item["standing_label"] == "covid19"
        assert item["reports"][0]["label"] == "pneumonia"
        assert [each["verdict"] for each in item["earlier_rounds"]] == ["approve"]

    def test_is_opened_once(self, api: Api, released: UUID) -> None:
        assert report(api, released)
        with api.database.write() as session:
            held = repository.lock(session, released)
            assert held is not None
            assert not reopen(session, None, held, utc_now())
        assert row(api, released).review_round == 2

    def test_may_be_judged_by_the_same_reader(
        self, api: Api, anna: SignedIn, released: UUID
    ) -> None:
        report(api, released)
        assert judge(anna, released, **APPROVE, label="pneumonia")["outcome"] == "approved"
        found = row(api, released)
        assert (found.final_label, found.state) == ("pneumonia", "approved")
        assert found.deidentify_state == "done", "the same pixels need no second ingest"

    def test_answers_the_reports(self, api: Api, anna: SignedIn, released: UUID) -> None:
        report(api, released)
        judge(anna, released, **APPROVE)
        with api.database.read() as session:
            assert not repository.open_reports(session, [released])

    def test_with_another_square_is_ingested_again(
        self, api: Api, anna: SignedIn, released: UUID
    ) -> None:
        report(api, released)
        judge(anna, released, **APPROVE, square={"x": 0, "y": 0, "size": 40})
        assert row(api, released).deidentify_state == "queued"

    def test_rejected_leaves_the_dataset(self, api: Api, anna: SignedIn, released: UUID) -> None:
        report(api, released)
        judge(anna, released, **REJECT)
        found = row(api, released)
        assert (found.state, found.final_label, found.pixels_key) == ("rejected", None, None)

    def test_taken_back_is_what_it_was(self, api: Api, anna: SignedIn, released: UUID) -> None:
        report(api, released)
        given = judge(anna, released, **APPROVE, label="pneumonia")
        assert undo(anna, given).status_code == 204
        found = row(api, released)
        assert (found.state, found.final_label, found.deidentify_state) == (
            "pending",
            "covid19",
            "done",
        )
