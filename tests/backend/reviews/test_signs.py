"""Maps of signs over a contribution: nobody sees them before a verdict of their own."""

from collections.abc import Callable
from uuid import UUID

import httpx

from backend.storage.keys import contribution_signs_key
from models.contract import SIGN_MAPS
from models.media import overlay
from tests.backend.reviews.reviewing import (
    APPROVE,
    change,
    claim,
    judge,
    problem,
    submitted,
    undo,
)
from tests.conftest import Api, SignedIn
from tests.factories import maps, unusable, with_signs

SignIn = Callable[..., SignedIn]


def prepared(api: Api, *, usable: bool = True) -> UUID:
    """A contribution of two sampled frames with maps."""
    answer = with_signs(b_lines=0.8) if usable else unusable()
    contribution = submitted(api, model_answer=answer)
    for index in range(2):
        key = contribution_signs_key(contribution, index)
        api.storage.put_bytes(key, overlay.encode(maps(index)))
    return contribution


def get(who: SignedIn, contribution: UUID, index: int = 1) -> httpx.Response:
    return who.client.get(f"/contributions/{contribution}/frames/{index}/signs.png")


def test_are_shown_after_the_readers_own_verdict_and_not_before(api: Api, anna: SignedIn) -> None:
    contribution = prepared(api)
    assert problem(get(anna, contribution)) == (409, "no_verdict")
    claim(anna, contribution)
    assert problem(get(anna, contribution)) == (409, "no_verdict")
    judge(anna, contribution, **APPROVE)
    shown = get(anna, contribution)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.headers["cache-control"] == "no-store"
    assert (overlay.decode(shown.content) == maps(1)).all()


def test_the_verdict_of_another_opens_them_to_nobody_else(
    api: Api, anna: SignedIn, ben: SignedIn
) -> None:
    contribution = prepared(api)
    judge(anna, contribution, **APPROVE)
    assert problem(get(ben, contribution)) == (409, "no_verdict")


def test_are_hidden_again_with_the_verdict_and_in_the_next_round(api: Api, anna: SignedIn) -> None:
    contribution = prepared(api)
    verdict = judge(anna, contribution, **APPROVE)
    assert undo(anna, verdict).status_code == 204
    assert problem(get(anna, contribution)) == (409, "no_verdict")
    judge(anna, contribution, **APPROVE)
    assert get(anna, contribution).status_code == 200
    change(api, contribution, review_round=2)
    assert problem(get(anna, contribution)) == (409, "no_verdict")


def test_tell_of_no_class_where_the_model_names_none(api: Api, anna: SignedIn) -> None:
    contribution = prepared(api, usable=False)
    judge(anna, contribution, **APPROVE)
    shown = overlay.decode(get(anna, contribution).content)
    assert (shown[: len(SIGN_MAPS)] == maps(1)[: len(SIGN_MAPS)]).all()
    assert not shown[len(SIGN_MAPS) :].any()


def test_of_a_frame_without_maps_are_not_found(api: Api, anna: SignedIn) -> None:
    contribution = prepared(api)
    judge(anna, contribution, **APPROVE)
    assert problem(get(anna, contribution, 2)) == (404, "not_found")


def test_are_not_for_the_contributor(api: Api, sign_in: SignIn) -> None:
    contribution = prepared(api)
    contributor = sign_in(api, "contributor", name="Carl")
    assert get(contributor, contribution).status_code == 403


def test_are_gone_with_the_pixels(api: Api, anna: SignedIn) -> None:
    contribution = prepared(api)
    judge(anna, contribution, **APPROVE)
    change(api, contribution, original_key=None, deidentified_key=None)
    assert problem(get(anna, contribution)) == (410, "gone")
