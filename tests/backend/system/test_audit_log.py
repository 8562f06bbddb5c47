"""The audit log as administrators read it: filters, pages, CSV."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert

from backend.core.db import utc_now
from backend.system.audit_log import service
from backend.tables import AuditEvent, User
from tests.conftest import Api, SignedIn

SignInAs = Callable[..., SignedIn]


@pytest.fixture
def admin(api: Api, sign_in: SignInAs) -> SignedIn:
    return sign_in(api, "admin", name="Ada")


def write(api: Api, actor: User | None, *actions: str) -> None:
    now = utc_now()
    with api.database.write() as session:
        for n, action in enumerate(actions):
            session.add(
                AuditEvent(
                    at=now - timedelta(days=len(actions) - n),
                    actor_id=actor and actor.id,
                    actor_role=actor.role if actor else "service",
                    action=action,
                    subject_kind="user",
                    subject_id=f"subject-{n}",
                    detail={"n": n, "quote": 'a "b", c\n'},
                )
            )
        session.commit()


class TestList:
    def test_has_the_newest_first_by_the_page(self, api: Api, admin: SignedIn) -> None:
        write(api, admin.user, *(f"a.number{n}" for n in range(5)))
        seen, cursor = [], ""
        while cursor is not None:
            page = admin.client.get("/audit", params={"limit": 2, "cursor": cursor}).json()
            seen += [event["action"][-1] for event in page["items"]]
            cursor = page["next"]
        assert seen == ["4", "3", "2", "1", "0"]

    def test_names_the_actor_as_today_and_nobody_where_there_is_none(
        self, api: Api, admin: SignedIn
    ) -> None:
        write(api, admin.user, "users.disabled")
        write(api, None, "ingest.done")
        items = admin.client.get("/audit").json()["items"]
        assert [(item["actor_name"], item["actor_role"]) for item in items] == [
            (None, "service"),
            ("Ada", "admin"),
        ]

    def test_is_filtered(self, api: Api, admin: SignedIn, sign_in: SignInAs) -> None:
        other = sign_in(api).user
        write(api, admin.user, "users.disabled", "users.enabled", "users_other.done")
        write(api, other, "users.disabled")
        since = utc_now() - timedelta(days=1, minutes=1)
        for filters, count in (
            ({}, 4),
            ({"action": "users.disabled"}, 2),
            ({"action": "users"}, 3),
            ({"action": "user"}, 0),
            ({"actor": str(other.id)}, 1),
            ({"subject": "subject-0"}, 2),
            ({"subject": "subject-0", "actor": str(other.id)}, 1),
            ({"since": since.isoformat()}, 2),
            ({"since": since.replace(tzinfo=None).isoformat()}, 2),
        ):
            assert len(admin.client.get("/audit", params=filters).json()["items"]) == count, filters

    @pytest.mark.parametrize(
        "wrong",
        [
            {"cursor": "x"},
            {"cursor": "-1"},
            {"actor": "me"},
            {"since": "today"},
            {"since": "0001-01-01T00:00:00+14:00"},
            {"limit": 0},
            {"action": "a\x00"},
            {"subject": "a\x00"},
        ],
    )
    def test_refuses_what_is_no_filter(self, admin: SignedIn, wrong: dict[str, str | int]) -> None:
        assert admin.client.get("/audit", params=wrong).status_code == 422


class TestCsv:
    def test_has_everything_that_fits(self, api: Api, admin: SignedIn) -> None:
        write(api, admin.user, "users.disabled", "users.enabled")
        answer = admin.client.get("/audit.csv", params={"action": "users.enabled"})
        assert "attachment" in answer.headers["content-disposition"]
        (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert (row["action"], row["actor_id"]) == ("users.enabled", str(admin.user.id))
        assert json.loads(row["detail"]) == {"n": 1, "quote": 'a "b", c\n'}

    def test_is_whole_however_long_the_log_is(
        self, api: Api, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "_CHUNK", 7)
        event = {
            "at": utc_now(),
            "actor_role": "service",
            "action": "ingest.done",
            "subject_kind": "contribution",
            "detail": {},
        }
        with api.database.write() as session:
            session.execute(insert(AuditEvent), [event | {"subject_id": str(n)} for n in range(50)])
            session.commit()
        rows = list(csv.DictReader(io.StringIO(admin.client.get("/audit.csv").text)))
        assert [int(row["subject_id"]) for row in rows] == list(range(49, -1, -1))
