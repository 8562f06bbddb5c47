"""Text in the pictures of a recording in review: nobody approves it undecided."""

import pytest

from models.media.masking import TextBox
from tests.backend.reviews.reviewing import (
    APPROVE,
    REJECT,
    change,
    claim,
    give,
    judge,
    row,
    submitted,
)
from tests.conftest import Api, SignedIn

NAME = TextBox(20, 10, 30, 8, name_like=True)
OUTSIDE = TextBox(0, 2, 14, 8, name_like=True)
MASK = [{"box": 0, "decision": "mask"}]


def test_a_name_in_the_square_has_to_be_decided_before_an_approval(
    api: Api, anna: SignedIn
) -> None:
    contribution = submitted(api, text_boxes=[NAME])
    item = claim(anna, contribution).json()
    assert item["text_boxes"][0]["inside"] is True
    refused = give(anna, contribution, **APPROVE)
    assert (refused.status_code, refused.json()["code"]) == (409, "text_undecided")
    assert refused.json()["boxes"] == [0]
    judge(anna, contribution, **APPROVE, text=MASK)
    boxes = row(api, contribution).text_boxes
    assert boxes is not None
    assert [box.decision for box in boxes] == ["mask"]


@pytest.mark.parametrize("size", [64, 32])
def test_the_square_of_the_verdict_tells_what_is_inside(
    api: Api, anna: SignedIn, size: int
) -> None:
    contribution = submitted(api, text_boxes=[OUTSIDE])
    square = {"x": 0, "y": 0, "size": size}
    claim(anna, contribution)
    assert give(anna, contribution, **APPROVE, square=square).status_code == 409
    assert give(anna, contribution, **APPROVE).status_code == 201


def test_a_rejection_decides_nothing(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api, text_boxes=[NAME])
    judge(anna, contribution, **REJECT)
    assert row(api, contribution).text_boxes == [NAME]


def test_a_box_that_is_not_there_is_refused(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api, text_boxes=[])
    claim(anna, contribution)
    for verdict in (APPROVE, REJECT):
        answer = give(anna, contribution, **verdict, text=MASK)
        assert answer.status_code == 422, answer.text
    assert row(api, contribution).state == "pending"


def test_nothing_is_decided_on_pictures_whose_original_is_gone(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api, text_boxes=[NAME])
    change(api, contribution, original_key=None, deidentified_key="wholes/1.mp4")
    claim(anna, contribution)
    refused = give(anna, contribution, **APPROVE, text=MASK)
    assert (refused.status_code, refused.json()["code"]) == (409, "original_deleted")
