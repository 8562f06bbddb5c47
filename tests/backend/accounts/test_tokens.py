"""API tokens: made with their owner's scopes, shown once, revoked."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from backend.accounts import tokens
from backend.tables import ApiToken, AuditEvent
from tests.conftest import ANSWER_S, Api, SignedIn
from tests.factories import create_token

SignInAs = Callable[..., SignedIn]


def make(client: httpx.Client, *scopes: str, **more: Any) -> httpx.Response:
    wanted = {"name": "upload script", "scopes": list(scopes) or ["submit"]}
    return client.post("/me/tokens", json=wanted | more)


def with_token(api: Api, secret: str) -> httpx.Client:
    return httpx.Client(
        base_url=api.client.base_url,
        headers={"Authorization": f"Bearer {secret}"},
        event_hooks=api.client.event_hooks,
        timeout=ANSWER_S,
    )


class TestMake:
    def test_shows_the_secret_once_and_keeps_its_digest(self, api: Api, sign_in: SignInAs) -> None:
        me = sign_in(api)
        made = make(me.client)
        assert made.status_code == 201
        secret = made.json()["secret"]
        assert secret.startswith(made.json()["hint"])
        assert made.json()["expires_at"] is not None
        with with_token(api, secret) as program:
            assert program.get("/me").json()["id"] == str(me.user.id)
        (listed,) = me.client.get("/me/tokens").json()["items"]
        assert "secret" not in listed
        assert listed["last_used_at"] is not None
        with api.database.read() as session:
            row = session.scalars(select(ApiToken)).one()
            assert secret not in str(vars(row))
            assert session.scalars(select(AuditEvent.action)).all() == ["tokens.created"]

    def test_can_be_for_ever(self, api: Api, sign_in: SignInAs) -> None:
        assert make(sign_in(api).client, expires_in_days=None).json()["expires_at"] is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"scopes": []},
            {"scopes": ["everything"]},
            {"name": ""},
            {"expires_in_days": 0},
            {"expires_in_days": 10**9},
        ],
    )
    def test_of_what_is_no_token_is_refused(
        self, api: Api, sign_in: SignInAs, wrong: dict[str, Any]
    ) -> None:
        assert make(sign_in(api).client, **wrong).status_code == 422

    def test_with_a_scope_beyond_the_role_is_refused(self, api: Api, sign_in: SignInAs) -> None:
        refused = make(sign_in(api, "reviewer").client, "submit", "review", "admin")
        assert (refused.status_code, refused.json()["code"]) == (422, "scope_beyond_role")

    def test_ends_where_an_account_has_many(self, api: Api, sign_in: SignInAs) -> None:
        me = sign_in(api)
        with api.database.write() as session:
            made = [create_token(session, me.user)[0] for _ in range(tokens.MAX_TOKENS)]
            session.commit()
        refused = make(me.client)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_tokens")
        me.client.delete(f"/me/tokens/{made[0].id}")
        assert make(me.client).status_code == 201

    def test_is_not_for_a_token(self, api: Api, sign_in: SignInAs) -> None:
        me = sign_in(api)
        with with_token(api, make(me.client).json()["secret"]) as program:
            for refused in (
                make(program),
                program.get("/me/tokens"),
                program.patch("/me", json={"name": "Else"}),
                program.post("/me/password", json={"current_password": "a", "new_password": "b"}),
            ):
                assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_needed")


class TestRevoke:
    def test_makes_it_worthless_at_once(self, api: Api, sign_in: SignInAs) -> None:
        me = sign_in(api)
        made = make(me.client).json()
        for _ in range(2):
            assert me.client.delete(f"/me/tokens/{made['id']}").status_code == 204
        with with_token(api, made["secret"]) as program:
            assert program.get("/me").json()["code"] == "token_not_valid"
        (listed,) = me.client.get("/me/tokens").json()["items"]
        assert listed["revoked_at"] is not None
        with api.database.read() as session:
            actions = session.scalars(select(AuditEvent.action)).all()
        assert actions == ["tokens.created", "tokens.revoked"]

    def test_is_for_ones_own(self, api: Api, sign_in: SignInAs) -> None:
        made = make(sign_in(api).client).json()
        admin = sign_in(api, "admin").client
        for token_id in (made["id"], uuid4()):
            assert admin.delete(f"/me/tokens/{token_id}").status_code == 404
        with with_token(api, made["secret"]) as program:
            assert program.get("/me").status_code == 200
