"""Accounts: signing up, in and out, the profile, the password."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from backend.accounts import repository
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.core import passwords
from backend.core.db import Database, utc_now
from backend.tables import AuditEvent, PasswordReset, SignIn, User
from tests.conftest import ANSWER_S, Api, SignedIn
from tests.factories import create_sign_in, create_user
from tests.planted import PASSWORD

JANE = {
    "email": "Jane.Doe@Example.org",
    "name": " Jane Doe ",
    "affiliation": "Charité, Berlin",
    "password": PASSWORD,
}


def person_with_password(api: Api, password: str = PASSWORD, **changes: Any) -> User:
    with api.database.write() as session:
        user = create_user(session, password_hash=passwords.hash_password(password), **changes)
        session.commit()
    return user


def enter(api: Api, email: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return api.client.post("/sign-in", json={"email": email, "password": password}, **more)


def actions(api: Api) -> list[str]:
    with api.database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def sessions(api: Api) -> int:
    with api.database.read() as session:
        return session.scalars(select(func.count()).select_from(SignIn)).one()


class TestSignUp:
    def test_makes_a_contributor_who_is_signed_in(self, api: Api) -> None:
        made = api.client.post("/accounts", json=JANE)
        assert made.status_code == 201
        user = made.json()
        assert (user["email"], user["name"]) == ("jane.doe@example.org", "Jane Doe")
        assert (user["role"], user["disabled_at"]) == ("contributor", None)
        assert api.client.get("/me").json() == user
        assert actions(api) == ["accounts.signed_up"]

    def test_keeps_a_hash_and_never_the_password(self, api: Api) -> None:
        api.client.post("/accounts", json=JANE)
        with api.database.read() as session:
            kept = session.scalars(select(User.password_hash)).one()
        assert kept.startswith("$argon2id$")
        assert PASSWORD not in kept

    def test_with_an_address_that_is_taken_is_refused(self, api: Api) -> None:
        api.client.post("/accounts", json=JANE)
        again = api.client.post("/accounts", json=JANE | {"email": "jane.doe@EXAMPLE.org"})
        assert (again.status_code, again.json()["code"]) == (409, "address_taken")
        assert sessions(api) == 1

    @pytest.mark.parametrize(
        ("changes", "where"),
        [
            ({"email": "nobody"}, "body.email"),
            ({"email": "a@b.org\r\nBcc: c@d.org"}, "body.email"),
            ({"email": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.org"}, "body.email"),
            ({"name": "  "}, "body.name"),
            ({"name": "a" * 101}, "body.name"),
            ({"name": "two\nlines"}, "body.name"),
            ({"name": "nul\x00"}, "body.name"),
            ({"affiliation": "a" * 201}, "body.affiliation"),
            ({"role": "admin"}, "body.role"),
            ({"password": None}, "body.password"),
            ({"password": "\ud800" * 12}, "body.password"),
        ],
    )
    def test_with_a_field_that_is_none_is_refused(
        self, api: Api, changes: dict[str, Any], where: str
    ) -> None:
        import json

        refused = api.client.post(
            "/accounts",
            content=json.dumps(JANE | changes),
            headers={"Content-Type": "application/json"},
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
        assert refused.json()["errors"][0]["where"] == where
        assert api.rows() == 0

    @pytest.mark.parametrize(
        ("password", "code"),
        [
            ("eleven char", "password_too_short"),
            ("a" * 201, "password_too_long"),
            ("JANE.DOE@example.org", "password_too_plain"),
        ],
    )
    def test_with_a_password_against_the_rules_is_refused(
        self, api: Api, password: str, code: str
    ) -> None:
        refused = api.client.post("/accounts", json=JANE | {"password": password})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert password not in refused.text
        assert api.rows() == 0

    def test_can_be_closed(self, start_api: Callable[..., Api]) -> None:
        api = start_api(open_sign_up=False)
        refused = api.client.post("/accounts", json=JANE)
        assert (refused.status_code, refused.json()["code"]) == (403, "sign_up_closed")
        assert api.client.get("/limits").json()["open_sign_up"] is False

    def test_twice_at_once_makes_one_account(self, api: Api) -> None:
        at_once, answers = threading.Barrier(4), []

        def sign_up() -> None:
            at_once.wait(20)
            answers.append(
                httpx.post(f"{api.client.base_url}accounts", json=JANE, timeout=ANSWER_S)
            )

        threads = [threading.Thread(target=sign_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        with api.database.read() as session:
            assert len(session.scalars(select(User)).all()) == 1
        assert (sessions(api), actions(api)) == (1, ["accounts.signed_up"])


class TestSignIn:
    def test_sets_a_cookie_that_scripts_cannot_read_and_one_that_they_can(self, api: Api) -> None:
        user = person_with_password(api)
        response = enter(api, user.email.upper())
        assert response.json()["id"] == str(user.id)
        cookies = {
            cookie.split("=")[0]: cookie for cookie in response.headers.get_list("set-cookie")
        }
        assert set(cookies) == {SESSION_COOKIE, CSRF_COOKIE}
        assert "HttpOnly" in cookies[SESSION_COOKIE]
        assert "HttpOnly" not in cookies[CSRF_COOKIE]
        for cookie in cookies.values():
            assert "SameSite=lax" in cookie
            assert "Path=/" in cookie
            assert "Secure" not in cookie
        secret = api.client.cookies[SESSION_COOKIE]
        assert api.client.cookies[CSRF_COOKIE] == csrf_token(secret)
        with api.database.read() as session:
            assert secret not in session.scalars(select(SignIn.secret_sha256)).all()
        assert actions(api) == ["accounts.signed_in"]

    @pytest.mark.parametrize("how", ["by the public address", "by the request"])
    def test_over_https_sets_cookies_for_https_alone(
        self, start_api: Callable[..., Api], how: str
    ) -> None:
        public = how == "by the public address"
        api = start_api(**({"public_url": "https://lung.example.org"} if public else {}))
        user = person_with_password(api)
        response = enter(api, user.email, headers={} if public else {"X-Forwarded-Proto": "https"})
        cookies = response.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all("Secure" in cookie for cookie in cookies)

    def test_says_the_same_of_a_wrong_password_and_an_unknown_address(self, api: Api) -> None:
        user = person_with_password(api)
        wrong = enter(api, user.email, "some other password")
        unknown = enter(api, "nobody@example.org")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
        assert wrong.json() == unknown.json()
        assert "set-cookie" not in wrong.headers
        assert sessions(api) == 0

    def test_checks_a_hash_for_an_unknown_address_too(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checked: list[str] = []
        verify = PasswordHasher.verify

        def watched(self: PasswordHasher, kept: str, password: str) -> bool:
            checked.append(kept)
            return verify(self, kept, password)

        monkeypatch.setattr(PasswordHasher, "verify", watched)
        enter(api, "nobody@example.org")
        user = person_with_password(api)
        enter(api, user.email, "some other password")
        with api.database.write() as session:
            session.add(create_user(session, email="without@example.org"))
            session.commit()
        enter(api, "without@example.org", "")
        enter(api, "without@example.org", "some other password")
        assert len(checked) == 3
        assert len({kept.split("$")[3] for kept in checked}) == 1, "each takes as long"

    def test_of_a_disabled_account_tells_only_who_knows_the_password(self, api: Api) -> None:
        user = person_with_password(api, disabled_at=utc_now())
        assert enter(api, user.email, "some other password").json()["code"] == "wrong_credentials"
        refused = enter(api, user.email)
        assert (refused.status_code, refused.json()["code"]) == (403, "account_disabled")
        assert sessions(api) == 0

    def test_takes_a_new_secret_and_ends_the_session_before(
        self, api: Api, sign_in: Callable[..., SignedIn]
    ) -> None:
        user = person_with_password(api)
        with api.database.write() as session:
            planted = create_sign_in(session, create_user(session))
            session.commit()
        api.client.cookies.set(SESSION_COOKIE, planted, domain="127.0.0.1", path="/")
        enter(api, user.email)
        with httpx.Client(
            base_url=api.client.base_url, cookies={SESSION_COOKIE: planted}, timeout=ANSWER_S
        ) as thief:
            assert thief.get("me").status_code == 401
        assert sessions(api) == 1

    def test_hashes_anew_what_was_hashed_with_other_parameters(self, api: Api) -> None:
        weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
        with api.database.write() as session:
            user = create_user(session, password_hash=weak)
            session.commit()
        assert enter(api, user.email).status_code == 200
        with api.database.read() as session:
            kept = session.scalars(select(User.password_hash)).one()
        assert kept != weak
        assert not passwords.is_outdated(kept)
        assert enter(api, user.email).status_code == 200

    def test_takes_a_password_however_its_accents_are_composed(self, api: Api) -> None:
        user = person_with_password(api, "dreißig Bäume im Wald")
        assert enter(api, user.email, "dreißig Ba\u0308ume im Wald").status_code == 200

    def test_for_another_sites_page_is_refused(self, api: Api) -> None:
        user = person_with_password(api)
        for site in ("cross-site", "same-site"):
            refused = enter(api, user.email, headers={"Sec-Fetch-Site": site})
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        assert enter(api, user.email, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200

    def test_is_limited_for_an_address_from_wherever_it_is_tried(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(attempts_per_account=2)
        users = [person_with_password(api) for _ in range(2)]
        for address in ("192.0.2.1", "192.0.2.2"):
            enter(api, users[0].email, "guess", headers={"X-Forwarded-For": address})
        limited = enter(api, users[0].email, headers={"X-Forwarded-For": "192.0.2.3"})
        assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")
        assert int(limited.headers["retry-after"]) > 0
        assert enter(api, users[1].email).status_code == 200

    def test_is_limited_for_a_client_whatever_address_it_tries(
        self, start_api: Callable[..., Api]
    ) -> None:
        api = start_api(attempts_per_client=2)
        user = person_with_password(api)
        for n in range(2):
            enter(api, f"nobody{n}@example.org")
        assert enter(api, user.email).status_code == 429
        elsewhere = enter(api, user.email, headers={"X-Forwarded-For": "192.0.2.3"})
        assert elsewhere.status_code == 200


class TestSignOut:
    def test_ends_the_session_for_good(self, api: Api, sign_in: Callable[..., SignedIn]) -> None:
        me = sign_in(api)
        secret = me.client.cookies[SESSION_COOKIE]
        left = me.client.post("/sign-out")
        assert left.status_code == 204
        assert all("Max-Age=0" in each for each in left.headers.get_list("set-cookie"))
        with httpx.Client(
            base_url=api.client.base_url, cookies={SESSION_COOKIE: secret}, timeout=ANSWER_S
        ) as thief:
            assert thief.get("me").status_code == 401
        assert actions(api) == ["accounts.signed_out"]

    def test_of_nobody_is_no_error(self, api: Api) -> None:
        assert api.client.post("/sign-out").status_code == 204
        assert actions(api) == []


class TestProfile:
    def test_changes_what_is_given(self, api: Api, sign_in: Callable[..., SignedIn]) -> None:
        me = sign_in(api, affiliation="Bern")
        changed = me.client.patch("/me", json={"name": "Jane Roe"})
        assert (changed.json()["name"], changed.json()["affiliation"]) == ("Jane Roe", "Bern")
        assert me.client.get("/me").json() == changed.json()
        with api.database.read() as session:
            assert session.scalars(select(AuditEvent.detail)).one() == {"fields": ["name"]}

    @pytest.mark.parametrize("wrong", [{"role": "admin"}, {"email": "a@b.org"}, {"name": ""}])
    def test_has_no_role_and_no_address_to_change(
        self, api: Api, sign_in: Callable[..., SignedIn], wrong: dict[str, str]
    ) -> None:
        assert sign_in(api).client.patch("/me", json=wrong).status_code == 422


class TestPassword:
    NEW = "five other words here"

    def change(self, client: httpx.Client, current: str, new: str) -> httpx.Response:
        return client.post("/me/password", json={"current_password": current, "new_password": new})

    def test_is_changed_and_ends_the_other_sessions(
        self, api: Api, sign_in: Callable[..., SignedIn]
    ) -> None:
        me = sign_in(api, password_hash=passwords.hash_password(PASSWORD))
        with api.database.write() as session:
            create_sign_in(session, me.user)
            session.commit()
        assert self.change(me.client, PASSWORD, self.NEW).status_code == 204
        assert sessions(api) == 1
        assert me.client.get("/me").status_code == 200
        assert enter(api, me.user.email).status_code == 401
        assert enter(api, me.user.email, self.NEW).status_code == 200
        assert actions(api)[0] == "accounts.password_changed"

    @pytest.mark.parametrize(
        ("current", "new", "code"),
        [
            ("some other password", NEW, "wrong_password"),
            (PASSWORD, "short", "password_too_short"),
        ],
    )
    def test_stays_where_it_is_refused(
        self, api: Api, sign_in: Callable[..., SignedIn], current: str, new: str, code: str
    ) -> None:
        me = sign_in(api, password_hash=passwords.hash_password(PASSWORD))
        refused = self.change(me.client, current, new)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert enter(api, me.user.email).status_code == 200


class TestClosedScreening:
    @pytest.fixture
    def closed(self, start_api: Callable[..., Api]) -> Api:
        return start_api(open_screening=False)

    @pytest.mark.parametrize("path", ["/screenings", "/recordings"])
    def test_takes_nothing_without_an_account(self, closed: Api, path: str) -> None:
        refused = closed.client.post(path, files={"file": b"x"})
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
        assert closed.client.get("/limits").json()["open_screening"] is False

    @pytest.mark.parametrize("path", ["/screenings", "/recordings"])
    def test_is_open_to_every_account(
        self, closed: Api, sign_in: Callable[..., SignedIn], path: str
    ) -> None:
        me = sign_in(closed)
        assert me.client.post(path, files={"file": b"x"}).status_code == 415
        del me.client.headers[CSRF_HEADER]
        assert me.client.post(path, files={"file": b"x"}).json()["code"] == "csrf"


def test_what_has_ended_is_forgotten(database: Database) -> None:
    now, idle = utc_now(), timedelta(hours=1)
    with database.write() as session:
        user = create_user(session)
        create_sign_in(session, user, expires_at=now - timedelta(seconds=1))
        create_sign_in(session, user, seen_at=now - idle)
        create_sign_in(session, user)
        for name, hours in (("old", -1), ("new", 1)):
            session.add(
                PasswordReset(
                    secret_sha256=name,
                    user_id=user.id,
                    created_at=now,
                    expires_at=now + timedelta(hours=hours),
                )
            )
        session.flush()
        repository.delete_expired(session, now, idle)
        assert len(session.scalars(select(SignIn)).all()) == 1
        assert session.scalars(select(PasswordReset.secret_sha256)).all() == ["new"]
