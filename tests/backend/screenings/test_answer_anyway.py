"""A recording that does not look like lung ultrasound: no class, unless an account asks for it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.tables import AuditEvent, Screening
from models.contract import CLASSES, Prediction, ReasonCode
from tests.asking import screening_events
from tests.conftest import Api, SignedIn
from tests.factories import create_screening, prediction, unusable, with_signs

SignIn = Callable[..., SignedIn]
HIDDEN = ("label", "probability", "probabilities", "majority_vote", "agreement", "reliability")


@pytest.fixture
def anna(api: Api, sign_in: SignIn) -> SignedIn:
    return sign_in(api, name="Anna")


def answered(api: Api, result: Prediction | None) -> UUID:
    """The id of a screening with this answer, or of one that has failed."""
    with api.database.write() as session:
        row = create_screening(
            session,
            status="done" if result else "failed",
            result=result,
            error_code=None if result else "no_frames",
            finished_at=utc_now(),
        )
        session.commit()
        return row.id


def result_of(api: Api, screening_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get(f"/screenings/{screening_id}").json()["result"]
    return found


def ask_anyway(who: SignedIn, screening_id: UUID) -> Any:
    return who.client.post(f"/screenings/{screening_id}/answer-anyway")


def events(api: Api) -> list[AuditEvent]:
    with api.database.read() as session:
        return list(
            session.scalars(
                select(AuditEvent).where(AuditEvent.action == "screenings.answered_anyway")
            )
        )


class TestUnusable:
    def test_has_reasons_and_signs_but_no_class_anywhere(self, api: Api) -> None:
        shown = result_of(api, answered(api, unusable(with_signs(prediction(2), b_lines=0.8))))
        assert shown["usable"] is False
        assert [each["code"] for each in shown["reasons"]] == ["not_lung"]
        assert shown["signs"]["b_lines"] == {"probability": 0.8, "highest": 0.8, "frames": 2}
        assert [each["signs"]["b_lines"] for each in shown["frames"]] == [0.8, 0.8]
        assert {name: shown[name] for name in HIDDEN} == dict.fromkeys(HIDDEN)
        assert (shown["models"], shown["answered_anyway"]) == ([], None)
        assert [each["probabilities"] for each in shown["frames"]] == [None, None]
        assert not any(f'"{key}"' in json.dumps(shown) for key in CLASSES)

    def test_has_no_class_for_who_follows_it(self, api: Api) -> None:
        screening_id = answered(api, unusable())
        with api.client.stream("GET", f"/screenings/{screening_id}/events") as response:
            (event,) = screening_events(response)
        assert event["result"] == result_of(api, screening_id)

    def test_of_before_signs_is_what_it_was(self, api: Api) -> None:
        shown = result_of(api, answered(api, prediction()))
        assert (shown["usable"], shown["label"], shown["signs"]) == (True, "covid19", None)


class TestAnswerAnyway:
    def test_shows_the_class_from_then_on_and_keeps_who_asked(
        self, api: Api, anna: SignedIn
    ) -> None:
        stored = unusable(code=ReasonCode.LINEAR_PROBE)
        screening_id = answered(api, stored)
        response = ask_anyway(anna, screening_id)
        assert response.status_code == 200
        shown = response.json()["result"]
        at = shown.pop("answered_anyway")["at"]
        assert shown == stored.to_dict()
        assert result_of(api, screening_id) == response.json()["result"] | {
            "answered_anyway": {"at": at}
        }
        with api.database.read() as session:
            row = session.get_one(Screening, screening_id)
        assert row.answered_anyway_by == anna.user.id
        assert row.answered_anyway_at == datetime.fromisoformat(at)
        (event,) = events(api)
        assert (event.actor_id, event.subject_id) == (anna.user.id, str(screening_id))
        assert (event.feature, event.detail) == ("screenings", {"reasons": ["linear_probe"]})

    def test_a_second_time_changes_nothing(self, api: Api, anna: SignedIn, sign_in: SignIn) -> None:
        screening_id = answered(api, unusable())
        first = ask_anyway(anna, screening_id).json()
        assert ask_anyway(sign_in(api), screening_id).json() == first
        with api.database.read() as session:
            assert session.get_one(Screening, screening_id).answered_anyway_by == anna.user.id
        assert len(events(api)) == 1

    def test_is_for_accounts(self, api: Api) -> None:
        screening_id = answered(api, unusable())
        response = api.client.post(f"/screenings/{screening_id}/answer-anyway")
        assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
        assert result_of(api, screening_id)["label"] is None

    @pytest.mark.parametrize(
        ("result", "code"), [(prediction(), "already_answered"), (None, "not_done")]
    )
    def test_of_what_is_usable_or_has_no_answer_is_refused(
        self, api: Api, anna: SignedIn, result: Prediction | None, code: str
    ) -> None:
        response = ask_anyway(anna, answered(api, result))
        assert (response.status_code, response.json()["code"]) == (409, code)
        assert events(api) == []

    def test_of_an_unknown_screening_is_not_found(self, anna: SignedIn) -> None:
        response = ask_anyway(anna, uuid4())
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
