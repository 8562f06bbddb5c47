"""Reports of wrong labels: by anybody, once each, and reviewers look again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from backend.tables import AuditEvent, Contribution, LabelReport
from tests.backend.releases.test_releases import problem, ready, released, withdraw, worker
from tests.conftest import Api

__all__ = ["ready", "released", "worker"]

SAID = {"label": "pneumonia", "message": " That is a consolidation. "}


def state(api: Api, contribution_id: UUID) -> tuple[str, int, str | None]:
    with api.database.read() as session:
        found = session.get(Contribution, contribution_id)
        assert found is not None
        return found.state, found.review_round, found.final_label


def report(api: Api, contribution_id: UUID, **said: Any) -> Any:
    address = f"/releases/1/items/{contribution_id}/reports"
    return api.client.post(address, json=SAID | said)


def test_it_opens_a_review_and_the_label_stands_meanwhile(api: Api, released: list[UUID]) -> None:
    answer = report(api, released[0])
    assert answer.status_code == 201
    assert state(api, released[0]) == ("pending", 2, "covid19")
    with api.database.read() as session:
        (found,) = session.scalars(select(LabelReport))
        assert (found.label, found.message) == ("pneumonia", "That is a consolidation.")
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
        assert actions[-2:] == ["releases.label_reported", "reviews.reopened"]


def test_one_client_reports_a_recording_once(api: Api, released: list[UUID]) -> None:
    assert report(api, released[0]).status_code == 201
    assert problem(report(api, released[0])) == (409, "conflict")
    assert report(api, released[1], label="covid19").status_code == 201
    assert state(api, released[0])[1] == 2


def test_the_label_it_has_is_nothing_to_report(api: Api, released: list[UUID]) -> None:
    assert problem(report(api, released[0], label="covid19")) == (409, "conflict")
    assert state(api, released[0]) == ("approved", 1, "covid19")


def test_one_that_was_withdrawn_is_gone(api: Api, released: list[UUID]) -> None:
    withdraw(api, released[0])
    assert problem(report(api, released[0])) == (410, "gone")


def test_one_that_is_in_no_release_is_not_found(api: Api, released: list[UUID]) -> None:
    assert problem(report(api, uuid4())) == (404, "not_found")


@pytest.mark.parametrize(
    "said", [{"message": "  "}, {"message": "x" * 1001}, {"label": "flu"}, {"name": "me"}]
)
def test_a_wrong_report_is_refused(api: Api, released: list[UUID], said: dict[str, str]) -> None:
    assert problem(report(api, released[0], **said)) == (422, "invalid_input")
    assert state(api, released[0])[0] == "approved"


def test_reports_are_few_in_a_minute(
    start_api: Callable[..., Api],
) -> None:
    api = start_api(uploads_per_minute=2)
    for _ in range(2):
        assert report(api, uuid4()).status_code == 404
    answer = report(api, uuid4())
    assert problem(answer) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
