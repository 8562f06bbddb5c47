"""Forgotten passwords: a link by mail, over a real SMTP server and into the log."""

import asyncio
import email
import email.policy
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from queue import Queue
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from backend.core import passwords
from backend.core.db import utc_now
from backend.core.mail import Mail, Mailer
from backend.core.settings import Settings
from backend.tables import ApiToken, AuditEvent, PasswordReset, SignIn, User
from tests.conftest import Api, SignedIn
from tests.factories import create_token, create_user
from tests.planted import PASSWORD

LINK = re.compile(r"https://lung\.example\.org/#/reset/([\w-]{43})\s")


@dataclass
class MailServer:
    """A real SMTP server; `received` holds what came, as it came."""

    url: str = ""
    received: Queue[tuple[list[str], EmailMessage]] = field(default_factory=Queue)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.received.put((envelope.rcpt_tos, message))
        return "250 taken"

    def link(self) -> str:
        """The secret of the link in the next mail."""
        _, message = self.received.get(timeout=30)
        found = LINK.search(message.get_content())
        assert found is not None
        return found[1]


class OnAnyPort(Controller):
    """Listens where the system says."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    controller = OnAnyPort(server, hostname="127.0.0.1", port=0)
    controller.start()
    server.url = f"smtp://127.0.0.1:{controller.port}"
    yield server
    controller.stop()


@pytest.fixture
def mailing(start_api: Callable[..., Api], mail: MailServer) -> Api:
    return start_api(
        smtp_url=mail.url,
        public_url="https://lung.example.org/",
        mail_from="Lung <lung@example.org>",
    )


def person(api: Api, **changes: Any) -> User:
    with api.database.write() as session:
        user = create_user(session, password_hash=passwords.hash_password(PASSWORD), **changes)
        session.commit()
    return user


def ask(api: Api, address: str, **more: Any) -> httpx.Response:
    return api.client.post("/password-resets", json={"email": address}, **more)


def redeem(api: Api, secret: str, password: str = "five other words here") -> httpx.Response:
    return api.client.post(f"/password-resets/{secret}", json={"password": password})


class TestAsk:
    def test_mails_a_link_to_the_address_of_an_account(
        self, mailing: Api, mail: MailServer
    ) -> None:
        user = person(mailing)
        # what the request says of its host is nothing to believe
        asked = ask(mailing, user.email.upper(), headers={"X-Forwarded-Host": "evil.example"})
        assert asked.status_code == 202
        to, message = mail.received.get(timeout=30)
        assert to == [user.email]
        assert message["From"] == "Lung <lung@example.org>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert LINK.search(message.get_content())
        with mailing.database.read() as session:
            event = session.scalars(select(AuditEvent)).one()
            assert (event.action, event.actor_role) == ("accounts.reset_requested", "anonymous")
            assert event.subject_id == str(user.id)

    def test_answers_the_same_for_every_address(self, mailing: Api, mail: MailServer) -> None:
        known, disabled = person(mailing), person(mailing, disabled_at=utc_now())
        answers = [
            ask(mailing, each) for each in (disabled.email, "nobody@example.org", known.email)
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"null")}
        to, _ = mail.received.get(timeout=30)
        assert to == [known.email]
        assert mail.received.empty()

    def test_is_limited_for_an_address(self, start_api: Callable[..., Api]) -> None:
        api = start_api(attempts_per_account=2)
        for _ in range(2):
            assert ask(api, "nobody@example.org").status_code == 202
        assert ask(api, "nobody@example.org").status_code == 429

    def test_without_a_mail_server_writes_it_to_the_log(
        self, start_api: Callable[..., Api], capfd: pytest.CaptureFixture[str]
    ) -> None:
        api = start_api()
        user = person(api)
        ask(api, user.email)
        api.stop()  # which waits for what goes on after the answer
        written = capfd.readouterr().err
        assert re.search(r"/#/reset/[\w-]{43}", written)
        assert user.email in written


class TestRedeem:
    def test_sets_the_password_and_ends_sessions_and_tokens(
        self, mailing: Api, mail: MailServer, sign_in: Callable[..., SignedIn]
    ) -> None:
        me = sign_in(mailing, password_hash=passwords.hash_password(PASSWORD))
        ask(mailing, me.user.email)
        with mailing.database.write() as session:
            create_token(session, me.user)
            session.commit()
        assert redeem(mailing, mail.link()).status_code == 204
        assert me.client.get("/me").status_code == 401
        with mailing.database.read() as session:
            assert session.scalars(select(ApiToken.revoked_at)).one() is not None
        for password, status in ((PASSWORD, 401), ("five other words here", 200)):
            entered = mailing.client.post(
                "/sign-in", json={"email": me.user.email, "password": password}
            )
            assert entered.status_code == status

    def test_is_good_once_and_takes_other_links_along(self, mailing: Api, mail: MailServer) -> None:
        user = person(mailing)
        secrets = []
        for _ in range(2):
            ask(mailing, user.email)
            secrets.append(mail.link())
        assert redeem(mailing, secrets[0]).status_code == 204
        for secret in secrets:
            refused = redeem(mailing, secret)
            assert (refused.status_code, refused.json()["code"]) == (410, "reset_link_over")

    def test_with_a_password_against_the_rules_leaves_the_link_good(
        self, mailing: Api, mail: MailServer
    ) -> None:
        ask(mailing, person(mailing).email)
        secret = mail.link()
        assert redeem(mailing, secret, "short").status_code == 422
        assert redeem(mailing, secret).status_code == 204

    @pytest.mark.parametrize("why", ["late", "disabled", "unknown"])
    def test_of_a_link_that_is_over_is_refused(
        self, mailing: Api, mail: MailServer, why: str
    ) -> None:
        ask(mailing, person(mailing).email)
        secret = mail.link()
        with mailing.database.write() as session:
            if why == "late":
                session.execute(
                    update(PasswordReset).values(expires_at=utc_now() - timedelta(seconds=1))
                )
            if why == "disabled":
                session.execute(update(User).values(disabled_at=utc_now()))
            session.commit()
        refused = redeem(mailing, secret[::-1] if why == "unknown" else secret)
        assert (refused.status_code, refused.json()["code"]) == (410, "reset_link_over")

    def test_twice_at_once_is_done_once(
        self, start_api: Callable[..., Api], mail: MailServer
    ) -> None:
        api = start_api(smtp_url=mail.url, public_url="https://lung.example.org")
        ask(api, person(api).email)
        secret, at_once, answers = mail.link(), threading.Barrier(3), []

        def set_password(n: int) -> None:
            at_once.wait(20)
            url = f"{api.client.base_url}password-resets/{secret}"
            answers.append(
                httpx.post(url, json={"password": f"five words, number {n}"}, timeout=30)
            )

        threads = [threading.Thread(target=set_password, args=[n]) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [204, 410, 410]

    def test_does_not_sign_in(self, mailing: Api, mail: MailServer) -> None:
        ask(mailing, person(mailing).email)
        assert "set-cookie" not in redeem(mailing, mail.link()).headers
        with mailing.database.read() as session:
            assert session.scalars(select(SignIn)).all() == []

    def test_keeps_the_secret_out_of_the_log(
        self,
        start_api: Callable[..., Api],
        mail: MailServer,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        api = start_api(smtp_url=mail.url, public_url="https://lung.example.org")
        ask(api, person(api).email)
        secret = mail.link()
        redeem(api, secret)
        lines = capfd.readouterr().err.splitlines()
        assert any("/password-resets/[hidden]" in line for line in lines)
        assert not any(secret in line for line in lines)


class TestMailer:
    def mailer(self, url: str) -> Mailer:
        return Mailer(Settings.model_validate({"smtp_url": url, "mail_from": "a@example.org"}))

    def test_that_cannot_reach_its_server_says_so_and_goes_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert not self.mailer("smtp://127.0.0.1:1").send(Mail("b@example.org", "hello", "text"))

    def test_gives_no_password_to_a_server_without_encryption(self, mail: MailServer) -> None:
        url = mail.url.replace("smtp://", "smtp://user:Zw8Password@")
        assert not self.mailer(url).send(Mail("b@example.org", "hello", "text"))
        assert mail.received.empty()

    def test_writes_text_as_it_is(self, mail: MailServer) -> None:
        assert self.mailer(mail.url).send(Mail("b@example.org", "Größe", "Grüße aus Köln\n"))
        _, message = mail.received.get(timeout=30)
        assert message["Subject"] == "Größe"
        assert message.get_content().strip() == "Grüße aus Köln"

    def test_lets_nobody_add_a_header(self, mail: MailServer) -> None:
        with pytest.raises(ValueError, match="linefeed"):
            self.mailer(mail.url).send(Mail("b@example.org\nBcc: c@example.org", "hello", "text"))

    @pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail:25"])
    def test_needs_the_address_of_a_mail_server(self, url: str) -> None:
        with pytest.raises(ValueError, match="smtp://"):
            self.mailer(url)
