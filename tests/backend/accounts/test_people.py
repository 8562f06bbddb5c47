"""Administration: finding accounts, roles, disabling; one administrator is always left."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.tables import AuditEvent, User
from backend.tables.vocabulary import Role
from tests.conftest import ANSWER_S, Api, SignedIn
from tests.factories import create_token, create_user

SignInAs = Callable[..., SignedIn]


class TestList:
    def test_goes_through_everybody_by_address(self, api: Api, sign_in: SignInAs) -> None:
        admin = sign_in(api, "admin", email="m@example.org").client
        with api.database.write() as session:
            for letter in "zbya":
                create_user(session, email=f"{letter}@example.org")
            session.commit()
        seen, cursor = [], ""
        while cursor is not None:
            page = admin.get("/users", params={"limit": 2, "cursor": cursor}).json()
            seen += [user["email"][0] for user in page["items"]]
            cursor = page["next"]
        assert seen == ["a", "b", "m", "y", "z"]

    @pytest.mark.parametrize(
        ("q", "found"),
        [("MÜLL", 1), ("charité", 1), ("erika@", 1), ("%", 0), ("_", 0), ("nobody", 0), ("", 2)],
    )
    def test_finds_by_name_address_and_affiliation(
        self, api: Api, sign_in: SignInAs, q: str, found: int
    ) -> None:
        admin = sign_in(api, "admin", name="Admin", email="admin@example.org").client
        with api.database.write() as session:
            create_user(
                session, email="erika@example.org", name="Erika Müller", affiliation="Charité"
            )
            session.commit()
        assert len(admin.get("/users", params={"q": q}).json()["items"]) == found

    @pytest.mark.parametrize("name", ["q", "cursor"])
    def test_refuses_what_no_text_has(self, api: Api, sign_in: SignInAs, name: str) -> None:
        admin = sign_in(api, "admin").client
        assert admin.get("/users", params={name: "a\x00"}).status_code == 422


class TestRoles:
    def test_are_given_and_taken(self, api: Api, sign_in: SignInAs) -> None:
        admin, other = sign_in(api, "admin"), sign_in(api)
        assert other.client.get("/users").status_code == 403
        changed = admin.client.patch(f"/users/{other.user.id}", json={"role": "admin"})
        assert changed.json()["role"] == "admin"
        assert other.client.get("/users").status_code == 200
        admin.client.patch(f"/users/{other.user.id}", json={"role": "reviewer"})
        assert other.client.get("/users").status_code == 403
        with api.database.read() as session:
            events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        assert [event.detail for event in events] == [
            {"before": "contributor", "now": "admin"},
            {"before": "admin", "now": "reviewer"},
        ]
        assert {event.actor_id for event in events} == {admin.user.id}

    @pytest.mark.parametrize(
        ("wanted", "status"),
        [
            ({"role": "king"}, 422),
            ({"disabled": "yes"}, 422),
            ({"email": "a@b.org"}, 422),
            ({}, 200),
        ],
    )
    def test_are_only_those_that_exist(
        self, api: Api, sign_in: SignInAs, wanted: dict[str, Any], status: int
    ) -> None:
        admin = sign_in(api, "admin")
        answer = admin.client.patch(f"/users/{admin.user.id}", json=wanted)
        assert answer.status_code == status

    def test_of_nobody_are_not_found(self, api: Api, sign_in: SignInAs) -> None:
        admin = sign_in(api, "admin").client
        assert admin.patch(f"/users/{uuid4()}", json={"role": "admin"}).status_code == 404


class TestDisabling:
    def test_ends_sessions_and_stops_tokens_until_it_is_enabled(
        self, api: Api, sign_in: SignInAs
    ) -> None:
        admin, other = sign_in(api, "admin"), sign_in(api)
        with api.database.write() as session:
            _, secret = create_token(session, other.user)
            session.commit()
        with httpx.Client(
            base_url=api.client.base_url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=ANSWER_S,
        ) as program:
            assert program.get("/me").status_code == 200
            out = admin.client.patch(f"/users/{other.user.id}", json={"disabled": True})
            assert out.json()["disabled_at"] is not None
            assert other.client.get("/me").status_code == 401
            assert program.get("/me").status_code == 401
            back = admin.client.patch(f"/users/{other.user.id}", json={"disabled": False})
            assert back.json()["disabled_at"] is None
            assert other.client.get("/me").status_code == 401
            assert program.get("/me").status_code == 200
        with api.database.read() as session:
            actions = session.scalars(select(AuditEvent.action)).all()
        assert actions == ["users.disabled", "users.enabled"]


class TestLastAdmin:
    @pytest.mark.parametrize("wanted", [{"role": "reviewer"}, {"disabled": True}])
    def test_stays_one(self, api: Api, sign_in: SignInAs, wanted: dict[str, Any]) -> None:
        admin = sign_in(api, "admin")
        with api.database.write() as session:
            create_user(session, "admin", disabled_at=utc_now())  # who cannot do anything
            session.commit()
        refused = admin.client.patch(f"/users/{admin.user.id}", json=wanted)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
        assert admin.client.get("/users").status_code == 200

    def test_of_two_who_take_the_role_from_each_other_at_once_one_stays(
        self, api: Api, sign_in: SignInAs
    ) -> None:
        one, two = sign_in(api, "admin"), sign_in(api, "admin")
        for n in range(5):
            at_once, answers = threading.Barrier(2), []

            def demote(by: SignedIn, whom: SignedIn) -> None:
                at_once.wait(20)  # noqa: B023
                wanted = {"role": "reviewer"} if n % 2 else {"disabled": True}  # noqa: B023
                answers.append(by.client.patch(f"/users/{whom.user.id}", json=wanted))  # noqa: B023

            threads = [
                threading.Thread(target=demote, args=pair) for pair in ((one, two), (two, one))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with api.database.write() as session:
                users = session.scalars(select(User)).all()
                left = [user for user in users if user.role == "admin" and not user.disabled_at]
                assert len(left) == 1
                for user in users:
                    user.role, user.disabled_at = Role.ADMIN, None
                session.commit()
            one, two = sign_in(api, "admin"), sign_in(api, "admin")
            with api.database.write() as session:
                for user in users:
                    session.delete(user)
                session.commit()
