"""Two independent readers: the second knows nothing of the first, and a third decides."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from backend.tables import AuditEvent
from tests.backend.reviews.reviewing import (
    APPROVE,
    ASK,
    REJECT,
    actions,
    claim,
    give,
    judge,
    problem,
    row,
    submitted,
    undo,
)
from tests.conftest import Api, SignedIn


@pytest.fixture
def api(start_api: Callable[..., Api]) -> Api:
    return start_api(reviews_needed=2)


@pytest.fixture
def cleo(api: Api, sign_in: Callable[..., SignedIn]) -> SignedIn:
    return sign_in(api, "reviewer", name="Cleo")


def test_one_approval_is_not_enough(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api)
    given = judge(anna, contribution, **APPROVE)
    assert given["outcome"] == "waiting_for_second"
    found = row(api, contribution)
    assert (found.state, found.final_label, found.deidentify_state) == ("pending", None, None)
    assert actions(api, contribution) == ["reviews.claimed", "reviews.submitted"]


def test_a_reader_has_one_word(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api)
    judge(anna, contribution, **APPROVE)
    assert problem(claim(anna, contribution)) == (409, "already_reviewed")
    assert problem(give(anna, contribution, **APPROVE)) == (409, "already_reviewed")
    assert anna.client.get("/reviews/queue").json()["items"] == []
    assert anna.client.post("/reviews/next").status_code == 204


def test_two_who_agree_decide(api: Api, anna: SignedIn, ben: SignedIn) -> None:
    contribution = submitted(api)
    judge(anna, contribution, **APPROVE, comment="B-lines.", square={"x": 0, "y": 0, "size": 40})
    given = judge(ben, contribution, **APPROVE, comment="Pleura.")
    assert (given["outcome"], given["reading"]) == ("approved", 2)
    found = row(api, contribution)
    assert (found.state, found.final_label) == ("approved", "covid19")
    assert found.md_comment == "B-lines.\nPleura."
    assert found.final_square_size == 64, "the last reader's square"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (APPROVE, REJECT),
        (APPROVE, APPROVE | {"label": "pneumonia"}),
        (REJECT, ASK),
        (ASK, APPROVE),
    ],
)
def test_two_who_differ_leave_it_to_a_third(
    api: Api,
    anna: SignedIn,
    ben: SignedIn,
    cleo: SignedIn,
    first: dict[str, Any],
    second: dict[str, Any],
) -> None:
    contribution = submitted(api)
    judge(anna, contribution, **first)
    assert judge(ben, contribution, **second)["outcome"] == "disputed"
    found = row(api, contribution)
    assert (found.state, found.disputed) == ("pending", True)
    (item,) = cleo.client.get("/reviews/queue", params={"disputed": True}).json()["items"]
    assert item["id"] == str(contribution)
    given = judge(cleo, contribution, **APPROVE, label="viral")
    assert (given["outcome"], given["reading"]) == ("approved", 3)
    found = row(api, contribution)
    assert (found.state, found.final_label, found.disputed) == ("approved", "viral", False)


def test_the_second_reader_sees_what_the_first_saw(api: Api, anna: SignedIn, ben: SignedIn) -> None:
    """Every answer that a reader can get is the same with and without a verdict before."""
    untouched, judged = submitted(api), submitted(api)
    judge(anna, judged, **REJECT, comment="Blurred beyond use.")

    def seen(contribution: object) -> list[str]:
        paths = (
            ("POST", f"/contributions/{contribution}/claim"),
            ("GET", f"/contributions/{contribution}/cine"),
            ("DELETE", f"/contributions/{contribution}/claim"),
            ("GET", f"/contributions/{contribution}"),
        )
        answers = [ben.client.request(method, path) for method, path in paths]
        queue = ben.client.get("/reviews/queue").json()["items"]
        answers_of_queue = [each for each in queue if each["id"] == str(contribution)]
        text = [answer.text for answer in answers] + [str(answers_of_queue)]
        return [_without_moments(each.replace(str(contribution), "ID")) for each in text]

    assert seen(judged) == seen(untouched)
    everywhere = "".join(
        ben.client.get(path).text for path in ("/reviews/queue", "/reviews/mine", "/reviews/stats")
    )
    assert "Blurred" not in everywhere
    assert "poor_quality" not in everywhere
    assert "reject" not in everywhere


def _without_moments(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}-[0-9a-f-]{27}", "*", text)


def test_the_log_does_not_tell_the_first_verdict(api: Api, anna: SignedIn) -> None:
    """An administrator who reads the log may be the second reader."""
    contribution = submitted(api)
    judge(anna, contribution, **REJECT, comment="Blurred beyond use.")
    with api.database.read() as session:
        log = session.scalars(select(AuditEvent)).all()
    assert [each.action for each in log] == ["reviews.claimed", "reviews.submitted"]
    told = str([each.detail for each in log])
    assert "reject" not in told
    assert "poor_quality" not in told


def test_taking_one_of_two_back_waits_for_a_second(
    api: Api, anna: SignedIn, ben: SignedIn, cleo: SignedIn
) -> None:
    contribution = submitted(api)
    first = judge(anna, contribution, **APPROVE)
    judge(ben, contribution, **APPROVE)
    assert undo(anna, first).status_code == 204
    assert row(api, contribution).state == "pending"
    anna.client.delete(f"/contributions/{contribution}/claim")
    assert judge(cleo, contribution, **APPROVE)["outcome"] == "approved"


def test_taking_one_back_ends_a_dispute(api: Api, anna: SignedIn, ben: SignedIn) -> None:
    contribution = submitted(api)
    judge(anna, contribution, **APPROVE)
    second = judge(ben, contribution, **REJECT)
    undo(ben, second)
    assert not row(api, contribution).disputed
    assert judge(ben, contribution, **APPROVE)["outcome"] == "approved"


def test_the_second_readers_claim_outlives_the_firsts_undo(
    api: Api, anna: SignedIn, ben: SignedIn
) -> None:
    contribution = submitted(api)
    first = judge(anna, contribution, **APPROVE)
    claim(ben, contribution)
    assert undo(anna, first).status_code == 204
    assert row(api, contribution).claimed_by == ben.user.id
    assert give(ben, contribution, **APPROVE).json()["outcome"] == "waiting_for_second"


def test_agreement_counts_first_and_second_readers(
    api: Api, anna: SignedIn, ben: SignedIn, cleo: SignedIn
) -> None:
    assert anna.client.get("/reviews/stats").json()["kappa"] is None
    for first, second in (
        (APPROVE, APPROVE),
        (REJECT, REJECT),
        (APPROVE | {"label": "healthy"}, APPROVE | {"label": "healthy"}),
        (APPROVE, REJECT),
    ):
        contribution = submitted(api)
        judge(anna, contribution, **first)
        judge(ben, contribution, **second)
    judge(cleo, contribution, **APPROVE)
    judge(anna, submitted(api), **APPROVE)
    stats = anna.client.get("/reviews/stats").json()
    assert (stats["pairs"], stats["agreement"]) == (4, 0.75)
    # by hand: p_o = 3/4; p_e = (2·1 + 1·2 + 1·1)/16; (12 - 5) / (16 - 5)
    assert stats["kappa"] == pytest.approx(7 / 11)
    assert {each["name"]: each["reviews"] for each in stats["per_reviewer"]} == {
        "Anna": 5,
        "Ben": 4,
        "Cleo": 1,
    }
    (day,) = stats["per_day"]
    assert (day["reviews"], len(day["reviewers"])) == (10, 3)
