"""Who asks: sessions, tokens, CSRF, and what each role and scope opens."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import Depends
from sqlalchemy import select

from backend.accounts import deps
from backend.accounts.identity import CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.core.db import utc_now
from backend.tables import ApiToken, SignIn, User
from tests.conftest import ANSWER_S, Api, SignedIn
from tests.factories import create_sign_in, create_token, create_user

SignInAs = Callable[..., SignedIn]


@pytest.fixture
def doors(api: Api) -> Api:
    """The application with one more call for each kind of door."""
    for name, door in {
        "maybe": deps.get_optional_user,
        "account": deps.get_current_user,
        "user": deps.get_contributor,
        "reviewer": deps.get_reviewer,
        "admin": deps.get_admin,
        "person": deps.get_session_user,
    }.items():
        api.app.router.add_api_route(
            f"/doors/{name}", lambda: "open", methods=["GET", "POST"], dependencies=[Depends(door)]
        )
        # ahead of the answer for calls that do not exist
        api.app.router.routes.insert(0, api.app.router.routes.pop())
    return api


def opened(api: Api, client: httpx.Client, method: str = "GET") -> set[str]:
    names = ("maybe", "account", "user", "reviewer", "admin", "person")
    answers = {name: client.request(method, f"{api.url}/doors/{name}") for name in names}
    assert {answer.status_code for answer in answers.values()} <= {200, 401, 403}
    return {name for name, answer in answers.items() if answer.status_code == 200}


def with_token(api: Api, role: str, *scopes: str, **changes: object) -> httpx.Client:
    with api.database.write() as session:
        _, secret = create_token(session, create_user(session, role), *scopes, **changes)
        session.commit()
    return httpx.Client(headers={"Authorization": f"Bearer {secret}"}, timeout=ANSWER_S)


class TestDoors:
    def test_nobody_comes_in_where_an_account_is_needed(self, doors: Api) -> None:
        with httpx.Client(timeout=ANSWER_S) as client:
            assert opened(doors, client) == {"maybe"}
            refused = client.get(f"{doors.url}/doors/user")
        assert refused.status_code == 401
        assert refused.json()["code"] == "not_signed_in"
        assert refused.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize(
        ("role", "more"),
        [("contributor", set()), ("reviewer", {"reviewer"}), ("admin", {"reviewer", "admin"})],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_each_role_may_do_what_those_before_it_may(
        self, doors: Api, sign_in: SignInAs, role: str, more: set[str], method: str
    ) -> None:
        client = sign_in(doors, role).client
        assert opened(doors, client, method) == {"maybe", "account", "user", "person"} | more

    @pytest.mark.parametrize(
        ("role", "scope", "more"),
        [
            ("contributor", "submit", {"user"}),
            ("contributor", "admin", set()),
            ("reviewer", "review", {"reviewer"}),
            ("reviewer", "submit", {"user"}),
            ("admin", "review", {"reviewer"}),
            ("admin", "admin", {"admin"}),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_token_opens_what_its_scope_says_within_its_owners_role(
        self, doors: Api, role: str, scope: str, more: set[str], method: str
    ) -> None:
        with with_token(doors, role, scope) as client:
            assert opened(doors, client, method) == {"maybe", "account"} | more


class TestTokens:
    @pytest.mark.parametrize(
        "changes",
        [
            {"revoked_at": utc_now()},
            {"expires_at": utc_now() - timedelta(seconds=1)},
            {"secret_sha256": "0" * 64},
        ],
        ids=["revoked", "expired", "unknown"],
    )
    def test_that_are_not_valid_are_refused_everywhere(
        self, doors: Api, changes: dict[str, object]
    ) -> None:
        with with_token(doors, "admin", **changes) as client:
            assert opened(doors, client) == set()
            refused = client.get(f"{doors.url}/doors/maybe")
        assert refused.json()["code"] == "token_not_valid"

    def test_of_a_disabled_account_are_refused(self, doors: Api) -> None:
        with with_token(doors, "admin") as client:
            with doors.database.write() as session:
                session.scalars(select(User)).one().disabled_at = utc_now()
                session.commit()
            assert opened(doors, client) == set()

    def test_note_when_they_were_last_used(self, doors: Api) -> None:
        with with_token(doors, "contributor") as client:
            client.get(f"{doors.url}/doors/user")
        with doors.database.read() as session:
            assert session.scalars(select(ApiToken.last_used_at)).one() is not None

    def test_go_before_a_cookie_that_comes_with_them(self, doors: Api, sign_in: SignInAs) -> None:
        admin = sign_in(doors, "admin")
        admin.client.headers["Authorization"] = "Bearer nonsense"
        assert opened(doors, admin.client) == set()


class TestSessions:
    @pytest.mark.parametrize(
        "changes",
        [
            {"expires_at": utc_now() - timedelta(seconds=1)},
            {"seen_at": utc_now() - timedelta(hours=25)},
        ],
        ids=["past its time", "idle"],
    )
    def test_end(self, doors: Api, changes: dict[str, object]) -> None:
        with doors.database.write() as session:
            secret = create_sign_in(session, create_user(session), **changes)
            session.commit()
        with httpx.Client(cookies={SESSION_COOKIE: secret}, timeout=ANSWER_S) as client:
            assert opened(doors, client) == {"maybe"}

    def test_end_when_the_account_is_disabled(self, doors: Api, sign_in: SignInAs) -> None:
        client = sign_in(doors, disabled_at=utc_now()).client
        assert opened(doors, client) == {"maybe"}

    def test_are_kept_alive_by_use(self, doors: Api) -> None:
        before = utc_now() - timedelta(hours=1)
        with doors.database.write() as session:
            secret = create_sign_in(session, create_user(session), seen_at=before)
            session.commit()
        with httpx.Client(cookies={SESSION_COOKIE: secret}, timeout=ANSWER_S) as client:
            client.get(f"{doors.url}/doors/user")
        with doors.database.read() as session:
            assert session.scalars(select(SignIn.seen_at)).one() > before + timedelta(minutes=30)


class TestCsrf:
    @pytest.mark.parametrize("token", [None, "", "0" * 64, "ü", csrf_token("another session's")])
    def test_without_its_own_token_a_session_changes_nothing(
        self, doors: Api, sign_in: SignInAs, token: str | None
    ) -> None:
        client = sign_in(doors, "admin").client
        del client.headers[CSRF_HEADER]
        headers = {} if token is None else {CSRF_HEADER.encode(): token.encode()}
        refused = client.post(f"{doors.url}/doors/admin", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        assert client.get(f"{doors.url}/doors/admin").status_code == 200

    def test_is_nothing_to_a_program_with_a_token(self, doors: Api) -> None:
        with with_token(doors, "contributor", "submit") as client:
            assert client.post(f"{doors.url}/doors/user").status_code == 200

    def test_is_nothing_to_screening_without_an_account(self, api: Api, sign_in: SignInAs) -> None:
        client = sign_in(api).client
        del client.headers[CSRF_HEADER]
        assert client.post("/screenings", json={}).status_code == 422


class TestOpenApi:
    def test_says_which_calls_look_at_who_asks(self, api: Api) -> None:
        document = api.client.get("/openapi.json").json()
        assert set(document["components"]["securitySchemes"]) == {"session", "token"}
        me = document["paths"]["/api/v1/me"]["get"]
        assert me["security"] == [{"session": []}, {"token": []}]
        assert {"401", "403"} <= set(me["responses"])
        screen = document["paths"]["/api/v1/screenings"]["post"]
        assert screen["security"][0] == {}
        assert "security" not in document["paths"]["/api/v1/limits"]["get"]
