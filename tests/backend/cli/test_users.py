"""`pocovid user …`: the first administrator, roles, and a way back in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from backend.core import logs
from backend.core.db import Database
from backend.core.settings import Settings
from backend.tables import AuditEvent, PasswordReset, User
from tests.planted import PASSWORD


@pytest.fixture(autouse=True)
def _embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(logs, "configure", lambda _settings: None)


@pytest.fixture
def database(_embedded: None) -> Iterator[Database]:
    made = Database.connect(Settings())
    yield made
    made.close()


def user(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli.app, ["user", *words], input=stdin)


def test_create_makes_the_first_admin_on_a_bare_machine(database: Database) -> None:
    made = user(
        "create", "Ada@Example.org", "--role", "admin", "--name", "Ada", stdin=f"{PASSWORD}\n"
    )
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    with database.read() as session:
        ada = session.scalars(select(User)).one()
        assert (ada.email, ada.role, ada.name) == ("ada@example.org", "admin", "Ada")
        assert ada.password_hash.startswith("$argon2id$")
        event = session.scalars(select(AuditEvent)).one()
        assert (event.action, event.actor_role) == ("users.created", "service")


def test_create_can_print_a_link_instead_of_asking_for_a_password(database: Database) -> None:
    made = user("create", "ada@example.org", "--link")
    assert made.exit_code == 0, made.output
    assert "http://127.0.0.1:8000/#/reset/" in made.output
    with database.read() as session:
        assert session.scalars(select(User.password_hash)).one() == ""
        assert len(session.scalars(select(PasswordReset)).all()) == 1


@pytest.mark.parametrize(
    ("words", "password", "why"),
    [
        (["nobody"], PASSWORD, "nobody"),
        (["ada@example.org", "--role", "king"], PASSWORD, "contributor, reviewer, admin"),
        (["ada@example.org"], "short", "at least 12"),
        (["ada@example.org"], "", "at least 12"),
    ],
)
def test_create_refuses_in_a_sentence(
    database: Database, words: list[str], password: str, why: str
) -> None:
    refused = user("create", *words, stdin=f"{password}\n")
    assert refused.exit_code == 1
    assert why in refused.output
    assert "Traceback" not in refused.output


def test_create_refuses_an_address_that_is_taken(database: Database) -> None:
    user("create", "ada@example.org", stdin=PASSWORD)
    again = user("create", "ADA@example.org", stdin=PASSWORD)
    assert again.exit_code == 1
    assert "pocovid user role" in again.output


def test_role_gives_and_takes_but_leaves_an_admin(database: Database) -> None:
    user("create", "ada@example.org", stdin=PASSWORD)
    assert user("role", "ada@example.org", "admin").exit_code == 0
    assert "ada@example.org\tadmin\tada@example.org" in user("list").output
    refused = user("role", "ada@example.org", "reviewer")
    assert refused.exit_code == 1
    assert "last administrator" in refused.output
    assert user("role", "bob@example.org", "admin").exit_code == 1


def test_reset_prints_a_link(database: Database) -> None:
    user("create", "ada@example.org", stdin=PASSWORD)
    assert "/#/reset/" in user("reset", "ada@example.org").output
    assert user("reset", "bob@example.org").exit_code == 1
