"""Text in the pictures of a draft, over HTTP: it stops the submission until somebody decides."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from backend.tables import AuditEvent, Contribution, Submission
from models.media.masking import TextBox
from tests.conftest import Api, SignedIn
from tests.factories_contributions import (
    create_contribution,
    create_submission,
    store_contribution,
)

NAME = TextBox(20, 10, 30, 8, name_like=True)
SCALE = TextBox(20, 40, 10, 6, name_like=False)
OUTSIDE = TextBox(0, 2, 14, 8, name_like=True)


@pytest.fixture
def me(api: Api, sign_in: Callable[..., SignedIn]) -> SignedIn:
    return sign_in(api)


def made(api: Api, me: SignedIn, *boxes: list[TextBox] | None, **changes: Any) -> Submission:
    """A draft with a recording for each list of boxes."""
    with api.database.write() as session:
        submission = create_submission(session, me.user)
        for each in boxes:
            values = {"state": "draft", "text_boxes": each} | changes
            store_contribution(api.storage, create_contribution(session, submission, **values))
        session.commit()
    return submission


def items(me: SignedIn, submission: Submission) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = me.client.get(
        f"/submissions/{submission.id}/contributions"
    ).json()["items"]
    return found


def decide(me: SignedIn, contribution_id: str, *decisions: tuple[int, str]) -> Any:
    body = {"decisions": [{"box": box, "decision": decision} for box, decision in decisions]}
    return me.client.patch(f"/contributions/{contribution_id}/text", json=body)


def submit(me: SignedIn, submission: Submission) -> Any:
    return me.client.post(f"/submissions/{submission.id}/submit", json={"consent": True})


def test_boxes_say_what_becomes_of_them_and_not_what_they_say(api: Api, me: SignedIn) -> None:
    (item,) = items(me, made(api, me, [OUTSIDE, NAME, SCALE]))
    outside, name, scale = item["text_boxes"]
    assert name == {
        "x": 20,
        "y": 10,
        "width": 30,
        "height": 8,
        "name_like": True,
        "inside": True,
        "decision": None,
        "masked": True,
    }
    assert (outside["inside"], outside["masked"]) == (False, True)
    assert (scale["name_like"], scale["masked"]) == (False, False)


@pytest.mark.parametrize("decision", ["mask", "keep"])
def test_what_may_name_a_person_stops_the_submission_until_it_is_decided(
    api: Api, me: SignedIn, decision: str
) -> None:
    draft = made(api, me, [OUTSIDE, NAME, SCALE])
    check = me.client.get(f"/submissions/{draft.id}/check").json()
    assert check["ready"] is False
    refused = submit(me, draft)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert refused.json()["problems"][0]["field"] == "text"
    assert "Mask it, or keep it" in refused.json()["detail"]

    (item,) = items(me, draft)
    changed = decide(me, item["id"], (1, decision)).json()
    assert changed["text_boxes"][1]["decision"] == decision
    assert changed["text_boxes"][1]["masked"] is (decision == "mask")
    assert me.client.get(f"/submissions/{draft.id}/check").json()["ready"] is True
    assert submit(me, draft).status_code == 200
    again = decide(me, item["id"], (1, "mask"))
    assert (again.status_code, again.json()["code"]) == (409, "already_submitted")


def test_what_is_outside_or_no_name_or_not_looked_for_stops_nothing(api: Api, me: SignedIn) -> None:
    assert submit(me, made(api, me, [OUTSIDE, SCALE], [], None)).status_code == 200


def test_all_names_of_a_draft_are_masked_at_once(api: Api, me: SignedIn) -> None:
    kept = TextBox(20, 20, 30, 8, name_like=True)
    draft = made(api, me, [NAME, SCALE], [], [kept, NAME])
    decide(me, items(me, draft)[2]["id"], (0, "keep"))
    answer = me.client.post(f"/submissions/{draft.id}/mask-text")
    assert (answer.status_code, answer.json()) == (200, {"changed": 2})
    decisions = [[box["decision"] for box in item["text_boxes"]] for item in items(me, draft)]
    assert decisions == [["mask", None], [], ["keep", "mask"]]
    assert me.client.post(f"/submissions/{draft.id}/mask-text").json() == {"changed": 0}
    assert submit(me, draft).status_code == 200
    assert me.client.post(f"/submissions/{draft.id}/mask-text").status_code == 409
    with api.database.read() as session:
        query = select(AuditEvent).where(AuditEvent.action == "contributions.text_decided")
        assert len(session.scalars(query).all()) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decisions": [{"box": 1, "decision": "mask"}]}, 422),
        ({"decisions": [{"box": -1, "decision": "mask"}]}, 422),
        ({"decisions": [{"box": 0, "decision": "erase"}]}, 422),
        ({"decisions": [{"box": 0, "decision": "mask", "text": "x"}]}, 422),
        ({"decisions": []}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_decided_changes_nothing(
    api: Api, me: SignedIn, body: dict[str, Any], status: int
) -> None:
    draft = made(api, me, [NAME])
    (item,) = items(me, draft)
    answer = me.client.patch(f"/contributions/{item['id']}/text", json=body)
    assert answer.status_code == status
    with api.database.read() as session:
        assert session.scalars(select(Contribution.text_boxes)).one() == [NAME]


def test_it_is_decided_when_a_reviewer_asks_for_changes_and_before_it_goes_back(
    api: Api, me: SignedIn
) -> None:
    draft = made(api, me, [NAME], state="changes_requested")
    (item,) = items(me, draft)
    path = f"/contributions/{item['id']}/answer"
    refused = me.client.post(path, json={"answer": "Here."})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert decide(me, item["id"], (0, "mask")).status_code == 200
    assert me.client.post(path, json={"answer": "Masked."}).status_code == 200
