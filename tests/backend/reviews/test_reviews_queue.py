"""The queue and its claims: nobody's own, nobody's twice, and never two at the same one."""

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.core.db import Database, utc_now
from backend.reviews import repository
from backend.storage.keys import cine_key, contact_sheet_key
from backend.tables.vocabulary import ContributionState, Label
from tests.backend.reviews.reviewing import (
    APPROVE,
    actions,
    change,
    claim,
    give,
    judge,
    problem,
    row,
    submitted,
)
from tests.conftest import Api, SignedIn
from tests.factories import create_user
from tests.factories_contributions import create_contribution, create_submission
from tests.factories_reviews import create_review

SignIn = Callable[..., SignedIn]
HOUR = timedelta(hours=1)
BEFORE_TIME = base64.urlsafe_b64encode(f"0001-01-01T00:00:00+14:00 {UUID(int=7)}".encode()).decode()


def ids(who: SignedIn, **filters: Any) -> list[str]:
    return [each["id"] for each in who.client.get("/reviews/queue", params=filters).json()["items"]]


def pages(who: SignedIn, limit: int, **filters: Any) -> list[str]:
    """The ids of all pages, each of which tells how many there are."""
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = filters | {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = who.client.get("/reviews/queue", params=query).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert page["total"] == len(seen)
    return seen


def own(api: Api, who: SignedIn) -> Any:
    with api.database.write() as session:
        submission = create_submission(
            session, who.user, submitted_at=utc_now(), consent_at=utc_now()
        )
        contribution = create_contribution(session, submission)
        session.commit()
        return contribution.id


class TestQueue:
    def test_is_what_waits_oldest_first(self, api: Api, anna: SignedIn) -> None:
        young = submitted(api, created_at=utc_now() - HOUR)
        old = submitted(api, created_at=utc_now() - 2 * HOUR)
        for state in ContributionState:
            if state is not ContributionState.PENDING:
                submitted(api, state=state.value)
        assert ids(anna) == [str(old), str(young)]

    def test_says_what_the_file_says_of_the_picture(self, api: Api, anna: SignedIn) -> None:
        said = {"depth_mm": 96.0, "mm_per_pixel": 0.2, "notes": ["It has no times."]}
        submitted(api, **said)
        (item,) = anna.client.get("/reviews/queue").json()["items"]
        assert {name: item[name] for name in said} == said

    def test_leaves_out_ones_own(self, api: Api, anna: SignedIn, ben: SignedIn) -> None:
        mine = own(api, anna)
        assert ids(anna) == []
        assert ids(ben) == [str(mine)]

    def test_can_be_filtered(self, api: Api, anna: SignedIn) -> None:
        wanted = submitted(
            api,
            label="healthy",
            probe="linear",
            source="Ward 7, Bern",
            created_at=utc_now() - 3 * HOUR,
            disputed=True,
        )
        submitted(api)
        for filters in (
            {"label": "healthy"},
            {"probe": "linear"},
            {"source": "bern"},
            {"older_than_h": 2},
            {"disputed": True},
        ):
            assert ids(anna, **filters) == [str(wanted)], filters
        assert ids(anna, source="%") == []

    @pytest.mark.parametrize("most_sources", [1, 2])
    def test_of_a_part_of_many_sources_is_the_same_however_it_is_asked_for(
        self, api: Api, anna: SignedIn, monkeypatch: pytest.MonkeyPatch, most_sources: int
    ) -> None:
        monkeypatch.setattr(repository, "_MOST_SOURCES", most_sources)
        wanted = {str(submitted(api, source=source)) for source in ("Bern A", "Inselspital Bern")}
        submitted(api, source="Basel")
        assert set(ids(anna, source="bern")) == wanted

    def test_comes_in_pages(self, api: Api, anna: SignedIn) -> None:
        now = utc_now()
        all_ids = [str(submitted(api, created_at=now)) for _ in range(5)]
        assert sorted(pages(anna, 2)) == sorted(all_ids)

    @pytest.mark.parametrize(
        ("order", "column"),
        [("models_disagree", "models_agreement"), ("signs_disagree", "signs_agreement")],
    )
    def test_can_begin_where_there_is_least_agreement(
        self, api: Api, anna: SignedIn, order: str, column: str
    ) -> None:
        now = utc_now()
        known = [
            submitted(api, created_at=now - hours * HOUR, **{column: value})
            for hours, value in ((1, 0.3), (2, 1.0), (3, 0.3), (4, 0.0))
        ]
        young, agreed, old, first = map(str, known)
        expected = [first, old, young, agreed]
        assert ids(anna, order=order) == expected
        assert ids(anna, order="oldest") == ids(anna) == [first, old, agreed, young]
        assert pages(anna, 1, order=order) == expected
        assert pages(anna, 3, order=order) == expected

    def test_of_least_agreement_goes_on_behind_what_was_decided_meanwhile(
        self, api: Api, anna: SignedIn
    ) -> None:
        first, second = (submitted(api, models_agreement=each) for each in (0.1, 0.2))
        query: dict[str, Any] = {"order": "models_disagree", "limit": 1}
        cursor = anna.client.get("/reviews/queue", params=query).json()["next"]
        change(api, first, state="approved")
        assert ids(anna, **query, cursor=cursor) == [str(second)]

    def test_tells_in_no_order_how_far_anything_agrees(self, api: Api, anna: SignedIn) -> None:
        for value in (0.123456, 0.654321):
            submitted(api, models_agreement=value, signs_agreement=value)
        for order in ("oldest", "models_disagree", "signs_disagree"):
            query: dict[str, Any] = {"order": order, "limit": 1}
            page = anna.client.get("/reviews/queue", params=query)
            cursor = page.json()["next"]
            opened = base64.urlsafe_b64decode(cursor + "==").decode(errors="replace")
            for text in (page.text, opened, str(page.headers)):
                assert "0.12345" not in text
                assert "agreement" not in text
                assert "model_answer" not in text

    @pytest.mark.parametrize("order", ["models_disagree", "signs_disagree"])
    @pytest.mark.parametrize("cursor", ["nonsense", str(UUID(int=7)), BEFORE_TIME])
    def test_of_least_agreement_refuses_a_cursor_that_is_none(
        self, anna: SignedIn, order: str, cursor: str
    ) -> None:
        response = anna.client.get("/reviews/queue", params={"order": order, "cursor": cursor})
        assert problem(response) == (422, "invalid_input")

    @pytest.mark.parametrize("cursor", ["nonsense", "MjAyNi0wMS0wMQ==", "é", BEFORE_TIME])
    def test_refuses_a_cursor_that_is_none(self, anna: SignedIn, cursor: str) -> None:
        response = anna.client.get("/reviews/queue", params={"cursor": cursor})
        assert problem(response) == (422, "invalid_input")

    @pytest.mark.parametrize(
        "filters",
        [
            {"label": "flu"},
            {"older_than_h": -1},
            {"limit": 1000},
            {"colour": "red"},
            {"order": "class"},
        ],
    )
    def test_refuses_filters_that_are_none(self, anna: SignedIn, filters: dict[str, Any]) -> None:
        assert anna.client.get("/reviews/queue", params=filters).status_code == 422

    def test_tells_nothing_of_names_and_people(self, api: Api, anna: SignedIn) -> None:
        submitted(api, file_name="Meier_Hans_1950.mp4", patient_hash="5ecret")
        text = anna.client.get("/reviews/queue").text
        assert "Meier" not in text
        assert "5ecret" not in text
        assert "contributor" not in text

    def test_tells_nothing_of_the_models_answer(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        for response in (
            anna.client.get("/reviews/queue"),
            anna.client.post("/reviews/next", json={}),
            claim(anna, contribution),
            anna.client.get(f"/contributions/{contribution}/cine"),
        ):
            assert response.status_code == 200
            assert "model" not in response.text
            assert "healthy" not in response.text


class TestNext:
    def test_claims_what_waits_longest(self, api: Api, anna: SignedIn) -> None:
        submitted(api, created_at=utc_now() - HOUR)
        old = submitted(api, created_at=utc_now() - 2 * HOUR)
        taken = anna.client.post("/reviews/next", json={}).json()
        assert taken["id"] == str(old)
        assert taken["claimed_by_me"]
        until = datetime.fromisoformat(taken["claimed_until"])
        assert utc_now() < until <= utc_now() + timedelta(minutes=20)
        assert row(api, old).claimed_by == anna.user.id
        assert actions(api, old) == ["reviews.claimed"]

    def test_two_reviewers_never_get_the_same(
        self, api: Api, anna: SignedIn, ben: SignedIn
    ) -> None:
        submitted(api), submitted(api)
        first = anna.client.post("/reviews/next").json()["id"]
        assert ben.client.post("/reviews/next").json()["id"] != first

    def test_is_204_when_nothing_waits(self, api: Api, anna: SignedIn, ben: SignedIn) -> None:
        own(api, anna)
        claim(ben, submitted(api))
        assert anna.client.post("/reviews/next", json={}).status_code == 204

    def test_gives_back_what_one_holds_already(self, api: Api, anna: SignedIn) -> None:
        submitted(api, created_at=utc_now() - HOUR)
        held = submitted(api)
        claim(anna, held)
        assert anna.client.post("/reviews/next", json={}).json()["id"] == str(held)

    def test_what_was_given_back_comes_last(self, api: Api, anna: SignedIn) -> None:
        first = submitted(api, created_at=utc_now() - HOUR)
        second = submitted(api)
        assert anna.client.post("/reviews/next").json()["id"] == str(first)
        assert anna.client.delete(f"/contributions/{first}/claim").status_code == 204
        assert anna.client.post("/reviews/next").json()["id"] == str(second)
        anna.client.delete(f"/contributions/{second}/claim")
        assert anna.client.post("/reviews/next").json()["id"] == str(first)

    def test_a_claim_past_its_time_is_anybodys(
        self, api: Api, anna: SignedIn, ben: SignedIn
    ) -> None:
        contribution = submitted(api)
        claim(anna, contribution)
        change(api, contribution, claimed_until=utc_now() - timedelta(seconds=1))
        assert ben.client.post("/reviews/next").json()["id"] == str(contribution)
        assert problem(give(anna, contribution, **APPROVE)) == (409, "claimed")

    @pytest.mark.parametrize("state", ["queued", "running"])
    def test_passes_over_what_is_still_being_prepared(
        self, api: Api, anna: SignedIn, state: str
    ) -> None:
        submitted(api, previews_state=state, cine=None)
        assert anna.client.post("/reviews/next").status_code == 204

    def test_shows_what_could_not_be_prepared_so_that_somebody_rejects_it(
        self, api: Api, anna: SignedIn
    ) -> None:
        broken = submitted(api, previews_state="failed", previews_error="It is damaged.", cine=None)
        assert anna.client.post("/reviews/next").json()["id"] == str(broken)
        cine = anna.client.get(f"/contributions/{broken}/cine")
        assert problem(cine) == (409, "preparation_failed")
        assert "It is damaged." in cine.json()["detail"]


class TestClaim:
    def test_a_second_claim_says_until_when_and_not_who(
        self, api: Api, anna: SignedIn, ben: SignedIn
    ) -> None:
        contribution = submitted(api)
        until = claim(anna, contribution).json()["claimed_until"]
        before = row(api, contribution)
        refused = claim(ben, contribution)
        assert problem(refused) == (409, "claimed")
        assert datetime.fromisoformat(refused.json()["claimed_until"]) == datetime.fromisoformat(
            until
        )
        assert "Anna" not in refused.text
        assert str(anna.user.id) not in refused.text
        assert row(api, contribution).claimed_until == before.claimed_until
        assert row(api, contribution).claimed_by == anna.user.id

    def test_is_renewed_by_its_holder(self, api: Api, anna: SignedIn) -> None:
        contribution = submitted(api)
        claim(anna, contribution)
        began = row(api, contribution).claimed_at
        change(api, contribution, claimed_until=utc_now() + timedelta(seconds=5))
        renewed = claim(anna, contribution).json()["claimed_until"]
        assert datetime.fromisoformat(renewed) > utc_now() + timedelta(minutes=15)
        assert row(api, contribution).claimed_at == began
        assert actions(api, contribution) == ["reviews.claimed"]

    def test_given_back_is_anothers(self, api: Api, anna: SignedIn, ben: SignedIn) -> None:
        contribution = submitted(api)
        claim(anna, contribution)
        assert anna.client.delete(f"/contributions/{contribution}/claim").status_code == 204
        assert problem(give(anna, contribution, **APPROVE)) == (409, "not_claimed")
        assert claim(ben, contribution).status_code == 200

    def test_giving_back_anothers_changes_nothing(
        self, api: Api, anna: SignedIn, ben: SignedIn
    ) -> None:
        contribution = submitted(api)
        claim(anna, contribution)
        assert ben.client.delete(f"/contributions/{contribution}/claim").status_code == 204
        assert row(api, contribution).claimed_by == anna.user.id
        assert problem(claim(ben, contribution)) == (409, "claimed")

    def test_of_ones_own_is_refused(self, api: Api, anna: SignedIn) -> None:
        mine = own(api, anna)
        assert problem(claim(anna, mine)) == (403, "own_recording")
        assert problem(give(anna, mine, **APPROVE)) == (403, "own_recording")
        assert row(api, mine).claimed_by is None

    def test_of_what_does_not_wait_is_refused(self, api: Api, anna: SignedIn) -> None:
        for state, expected in (
            ("draft", (404, "not_found")),
            ("withdrawn", (409, "withdrawn")),
            ("approved", (409, "already_decided")),
            ("rejected", (409, "already_decided")),
            ("changes_requested", (409, "already_decided")),
        ):
            assert problem(claim(anna, submitted(api, state=state))) == expected, state
        assert problem(claim(anna, uuid4())) == (404, "not_found")


class TestWho:
    @pytest.mark.parametrize("role", [None, "contributor"])
    def test_may_not_call_these(self, api: Api, sign_in: SignIn, role: str | None) -> None:
        contribution = submitted(api)
        client = api.client if role is None else sign_in(api, role).client
        status = 401 if role is None else 403
        path = f"/contributions/{contribution}"
        for method, url, body in (
            ("GET", "/reviews/queue", None),
            ("POST", "/reviews/next", {}),
            ("GET", "/reviews/mine", None),
            ("GET", "/reviews/stats", None),
            ("DELETE", f"/reviews/{uuid4()}", None),
            ("POST", f"{path}/claim", None),
            ("DELETE", f"{path}/claim", None),
            ("POST", f"{path}/reviews", APPROVE),
            ("GET", f"{path}/cine", None),
            ("GET", f"{path}/cine/0.jpg", None),
            ("GET", f"{path}/contact-sheet.jpg", None),
        ):
            response = client.request(method, url, json=body)
            assert response.status_code == status, url
        seen = row(api, contribution)
        assert (seen.state, seen.claimed_by) == ("pending", None)

    def test_an_admin_may(self, api: Api, sign_in: SignIn) -> None:
        contribution = submitted(api)
        assert judge(sign_in(api, "admin"), contribution, **APPROVE)["outcome"] == "approved"


def test_a_nul_is_nothing_to_look_for(anna: SignedIn) -> None:
    response = anna.client.get("/reviews/queue", params={"source": "a\x00"})
    assert problem(response) == (422, "invalid_input")


def test_what_was_withdrawn_is_shown_to_nobody(api: Api, anna: SignedIn) -> None:
    contribution = submitted(api)
    for key in (cine_key(contribution, 0), contact_sheet_key(contribution)):
        api.storage.put_bytes(key, b"a picture")
    pixels = [
        f"/contributions/{contribution}/{name}" for name in ("cine/0.jpg", "contact-sheet.jpg")
    ]
    assert [anna.client.get(each).status_code for each in pixels] == [200, 200]
    change(api, contribution, state="withdrawn", withdrawn_at=utc_now())
    for each in (*pixels, f"/contributions/{contribution}/cine"):
        assert problem(anna.client.get(each)) == (410, "gone")


def test_moments_are_utc(api: Api, anna: SignedIn) -> None:
    submitted(api, created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert anna.client.get("/reviews/queue").json()["items"][0]["submitted_at"].endswith("Z")


def test_names_of_users_are_no_part_of_a_row(api: Api, anna: SignedIn) -> None:
    with api.database.write() as session:
        contributor = create_user(session, name="Dr Carla Rossi")
        submission = create_submission(session, contributor, submitted_at=utc_now())
        create_contribution(session, submission)
        session.commit()
    assert "Rossi" not in anna.client.get("/reviews/queue").text


def test_the_length_of_the_queue_is_that_of_all_its_pages(database: Database) -> None:
    """With recordings of one's own, and with rounds that are open, over, undone and of before."""
    some = random.Random(5)
    with database.write() as session:
        anna, ben = (create_user(session, "reviewer") for _ in range(2))
        for _ in range(60):
            submission = create_submission(session, some.choice([anna, ben, None]))
            state = some.choice(["pending", "pending", "approved", "withdrawn"])
            contribution = create_contribution(
                session,
                submission,
                state=state,
                label=some.choice(["covid19", "healthy"]),
                review_round=some.choice([1, 2]),
            )
            if submission.contributor_id != anna.id and some.random() < 0.5:
                undone = utc_now() if some.random() < 0.3 else None
                create_review(session, contribution, anna, round=1, undone_at=undone)
        session.commit()
        for label in (None, Label.HEALTHY):
            filters = repository.Filters(label=label)
            found, cursor = 0, None
            while True:
                page = repository.queue(session, anna.id, filters, cursor, 7)
                found += len(page.rows)
                cursor = page.next
                if cursor is None:
                    break
            assert found == repository.queue_length(session, anna.id, filters) > 0
