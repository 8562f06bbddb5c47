"""Verdicts: what each needs, what follows from it, and taking it back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.core.db import utc_now
from tests.backend.reviews.reviewing import (
    APPROVE,
    ASK,
    REJECT,
    actions,
    change,
    claim,
    give,
    judge,
    problem,
    reviews,
    row,
    submitted,
    undo,
)
from tests.conftest import Api, SignedIn
from tests.factories import unusable


class TestApproval:
    def test_decides_and_asks_for_the_ingest(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        given = judge(
            anna,
            contribution,
            **APPROVE,
            label="pneumonia",
            findings={"consolidation": True},
            square={"x": 10, "y": 2, "size": 50},
            trim_start_s=0.2,
            trim_end_s=0.8,
            comment=" Air bronchograms. ",
        )
        assert given["outcome"] == "approved"
        assert given["model_answer"]["label"] == "healthy"
        found = row(api, contribution)
        assert (found.state, found.final_label) == ("approved", "pneumonia")
        assert found.final_findings == {"consolidation": True}
        assert (found.final_square_x, found.final_square_y, found.final_square_size) == (10, 2, 50)
        assert (found.trim_start_s, found.trim_end_s) == (0.2, 0.8)
        assert found.md_comment == "Air bronchograms."
        assert found.decided_at is not None
        assert (found.deidentify_state, found.claimed_by) == ("queued", None)
        assert found.original_key is not None
        assert actions(api, contribution) == [
            "reviews.claimed",
            "reviews.submitted",
            "reviews.approved",
        ]

    def test_without_corrections_is_as_the_contributor_said(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api, label="viral", findings={"b_lines": True})
        judge(anna, contribution, **APPROVE)
        found = row(api, contribution)
        assert (found.final_label, found.final_findings) == ("viral", {"b_lines": True})
        assert (found.final_square_x, found.final_square_y, found.final_square_size) == (16, 0, 64)
        assert (found.trim_start_s, found.trim_end_s) == (None, None)


class TestRejection:
    def test_decides_and_keeps_the_pixels_for_a_while(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        assert judge(anna, contribution, **REJECT)["outcome"] == "rejected"
        found = row(api, contribution)
        assert (found.state, found.final_label, found.deidentify_state) == ("rejected", None, None)
        assert found.original_key is not None
        assert actions(api, contribution)[-1] == "reviews.rejected"

    def test_a_question_goes_to_the_contributor(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        assert judge(anna, contribution, **ASK)["outcome"] == "changes_requested"
        assert row(api, contribution).state == "changes_requested"


@pytest.mark.parametrize(
    ("prepared", "code"),
    [
        (
            {"previews_state": "failed", "previews_error": "It is damaged.", "cine": None},
            "preparation_failed",
        ),
        ({"previews_state": "queued"}, "preparing"),
        ({"previews_state": "running"}, "preparing"),
    ],
)
def test_what_was_not_prepared_is_not_approved(
    api: Api, anna: SignedIn, prepared: dict[str, Any], code: str
) -> None:
    contribution = submitted(api, **prepared)
    claim(anna, contribution)
    refused = give(anna, contribution, **APPROVE)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert (row(api, contribution).state, reviews(api)) == ("pending", 0)
    assert judge(anna, contribution, **REJECT)["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"verdict": "approve"}, "no_identifying_marks"),
        ({"verdict": "reject"}, "reason"),
        (APPROVE | {"comment": "a\x00b"}, None),
        ({"verdict": "reject", "reason": "other"}, "comment"),
        ({"verdict": "request_changes"}, "comment"),
        ({"verdict": "request_changes", "comment": "  "}, "comment"),
        (APPROVE | {"reason": "duplicate"}, "reason"),
        (APPROVE | {"trim_start_s": 0.5, "trim_end_s": 0.5}, "trim_start_s"),
        (APPROVE | {"trim_start_s": 0.8, "trim_end_s": 0.2}, "trim_start_s"),
        (APPROVE | {"trim_start_s": 30}, "trim_start_s"),
        (APPROVE | {"trim_start_s": 0.31, "trim_end_s": 0.38}, "trim_start_s"),
        (APPROVE | {"square": {"x": 60, "y": 0, "size": 64}}, None),
        (APPROVE | {"square": {"x": 0, "y": 0, "size": 5}}, None),
        (APPROVE | {"label": "flu"}, None),
        (APPROVE | {"findings": {"snow": True}}, None),
        (APPROVE | {"trim_start_s": -1}, None),
        (APPROVE | {"comment": "x" * 2001}, None),
        (APPROVE | {"verdict": "maybe"}, None),
        (REJECT | {"reason": "boring"}, None),
        (APPROVE | {"mood": "good"}, None),
    ],
)
def test_a_verdict_that_lacks_something_is_refused(
    api: Api, anna: SignedIn, said: dict[str, Any], field: str | None
) -> None:
    contribution = submitted(api)
    claim(anna, contribution)
    refused = give(anna, contribution, **said)
    assert refused.status_code == 422
    assert refused.json().get("field") == field
    found = row(api, contribution)
    assert (found.state, found.claimed_by, reviews(api)) == ("pending", anna.user.id, 0)


def test_a_label_is_needed_where_nobody_gave_one(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api, label=None)
    claim(anna, contribution)
    assert give(anna, contribution, **APPROVE).json()["field"] == "label"
    assert judge(anna, contribution, **APPROVE, label="other")["outcome"] == "approved"


def test_a_picture_has_nothing_to_trim(api: Api, anna: SignedIn) -> None:
    picture = submitted(api, kind="image", duration_s=None, frames=1)
    claim(anna, picture)
    refused = give(anna, picture, **APPROVE, trim_end_s=0.5)
    assert problem(refused) == (422, "invalid_input")


class TestRefusedVerdict:
    def test_without_a_claim(self, api: Api, anna: SignedIn, ben: SignedIn) -> None:
        contribution = submitted(api)
        assert problem(give(anna, contribution, **APPROVE)) == (409, "not_claimed")
        claim(ben, contribution)
        assert problem(give(anna, contribution, **APPROVE)) == (409, "claimed")
        assert (row(api, contribution).state, reviews(api)) == ("pending", 0)

    def test_on_a_recording_that_was_withdrawn(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        claim(anna, contribution)
        change(api, contribution, state="withdrawn", withdrawn_at=utc_now())
        assert problem(give(anna, contribution, **APPROVE)) == (409, "withdrawn")
        found = row(api, contribution)
        assert (found.state, found.deidentify_state, reviews(api)) == ("withdrawn", None, 0)

    def test_a_second_time(self, api: Api, anna: SignedIn, ben: SignedIn) -> None:
        contribution = submitted(api)
        judge(anna, contribution, **APPROVE)
        for who in (anna, ben):
            assert problem(give(who, contribution, **REJECT)) == (409, "already_decided")
        assert (row(api, contribution).state, reviews(api)) == ("approved", 1)

    def test_of_what_is_not_usable_shows_reasons_and_signs_and_no_class(
        self, api: Api, anna: SignedIn
    ) -> None:
        contribution = submitted(api, model_answer=unusable())
        before = claim(anna, contribution)
        assert before.status_code == 200
        assert not {"model_answer", "usable", "reasons", "signs"} & before.json().keys()
        assert "not_lung" not in before.text
        shown = judge(anna, contribution, **APPROVE)["model_answer"]
        assert [each["code"] for each in shown["reasons"]] == ["not_lung"]
        assert shown["signs"]["b_lines"]["probability"] == 0.8
        assert (shown["usable"], shown["label"], shown["models"]) == (False, None, [])

    def test_on_something_that_is_not_there(self, anna: SignedIn) -> None:
        assert problem(give(anna, uuid4(), **APPROVE)) == (404, "not_found")


def test_mine_are_my_verdicts_newest_first(api: Api, anna: SignedIn, ben: SignedIn) -> None:
    first, second = submitted(api), submitted(api)
    judge(anna, first, **APPROVE)
    judge(ben, second, **APPROVE)
    third = submitted(api)
    undo(anna, judge(anna, third, **REJECT))
    page = anna.client.get("/reviews/mine", params={"limit": 1}).json()
    (newest,) = page["items"]
    assert (newest["contribution_id"], newest["undoable"]) == (str(third), False)
    assert newest["model_answer"] is None, "hidden again with the verdict"
    page = anna.client.get("/reviews/mine", params={"cursor": page["next"]}).json()
    (older,) = page["items"]
    assert (older["contribution_id"], older["undoable"]) == (str(first), True)
    assert older["model_answer"]["label"] == "healthy"
    assert page["next"] is None


def test_one_quick_verdict_makes_no_pace(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api)
    claim(anna, contribution)
    change(api, contribution, claimed_at=utc_now() - timedelta(seconds=90))
    give(anna, contribution, **APPROVE)
    (mine,) = anna.client.get("/reviews/stats").json()["per_reviewer"]
    assert (mine["reviews"], mine["per_hour"]) == (1, None)


def test_throughput_counts_from_the_claim_to_the_verdict(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api)
    claim(anna, contribution)
    change(api, contribution, claimed_at=utc_now() - timedelta(seconds=900))
    given = give(anna, contribution, **APPROVE).json()
    stats = anna.client.get("/reviews/stats").json()
    (mine,) = stats["per_reviewer"]
    assert given["reading"] == 1
    assert mine["name"] == "Anna"
    assert 900 <= mine["median_seconds"] < 960
    assert 3.7 < mine["per_hour"] <= 4
    assert stats["per_day"][0]["reviews"] == 1
