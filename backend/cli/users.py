"""The sub-commands of accounts: `pocovid user …`, for the first administrator and emergencies."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli.start import read_settings, refuse, transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.tables import User

app = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The account's address.")]


@app.callback()
def user() -> None:
    """Create accounts, change roles, and reset passwords."""


@app.command()
def create(
    email: Email,
    role: Annotated[str, typer.Option(help="contributor, reviewer or admin.")] = "contributor",
    name: Annotated[str, typer.Option(help="Shown to reviewers. [default: the address]")] = "",
    link: Annotated[
        bool,
        typer.Option("--link", help="Instead of asking for a password, print a link to set one."),
    ] = False,
) -> None:
    """Create an account. The password is prompted for, or read from standard input."""
    from pydantic import TypeAdapter, ValidationError

    from backend.accounts import repository
    from backend.accounts.resets import make_link
    from backend.accounts.schemas import Address, Name
    from backend.core import passwords
    from backend.core.db import utc_now
    from backend.core.errors import PocovidError
    from backend.tables import User

    wanted = _role(role)
    try:
        address = TypeAdapter[str](Address).validate_python(email)
        called = TypeAdapter[str](Name).validate_python(name or address)
    except ValidationError as error:
        refuse(f"{email}: {error.errors()[0]['msg']}")
    settings = read_settings()
    with transaction(settings) as session:
        if repository.by_email(session, address) is not None:
            refuse(
                f"The account {address} exists. Change its role: pocovid user role {address} {role}"
            )
        session.rollback()  # hold no transaction while a password is typed
        kept = ""
        if not link:
            try:
                password = _password()
                passwords.check(password, address, called)
            except PocovidError as error:
                refuse(error.detail)
            kept = passwords.hash_password(password)
        made = User(
            email=address, name=called, role=wanted, password_hash=kept, created_at=utc_now()
        )
        repository.add(session, made)
        _record(session, "users.created", made, role=wanted)
        typer.echo(f"{address} has the role {wanted}.")
        if link:
            _print_link(make_link(session, settings, made))


@app.command(name="list")
def list_() -> None:
    """List all accounts: address, role, name."""
    from backend.accounts.people import repository
    from backend.core.pagination import LONGEST_PAGE

    with transaction(read_settings()) as session:
        page = repository.search(session, "", None, LONGEST_PAGE)
        while page.rows:
            for row in page.rows:
                state = "disabled" if row.disabled_at else row.role
                typer.echo(f"{row.email}\t{state}\t{row.name}")
            if page.next is None:
                break
            page = repository.search(session, "", page.next, LONGEST_PAGE)


@app.command()
def role(
    email: Email,
    wanted: Annotated[str, typer.Argument(metavar="ROLE", help="contributor, reviewer or admin.")],
) -> None:
    """Change the role of an account. The last administrator stays one."""
    from backend.accounts.people import service
    from backend.core.errors import PocovidError
    from backend.tables.vocabulary import Role

    known = Role(_role(wanted))
    with transaction(read_settings()) as session:
        try:
            service.change(session, None, _found(session, email).id, role=known)
        except PocovidError as error:
            refuse(error.detail)
    typer.echo(f"{email} has the role {known}.")


@app.command()
def reset(email: Email) -> None:
    """Print a link to set a new password, if no mail can be sent."""
    from backend.accounts.resets import make_link

    settings = read_settings()
    with transaction(settings) as session:
        found = _found(session, email)
        if found.disabled_at is not None:
            refuse(f"The account {email} is disabled.")
        _record(session, "accounts.reset_requested", found)
        _print_link(make_link(session, settings, found))


def _print_link(link: str) -> None:
    typer.echo(f"Valid once, within an hour: {link}")


def _record(session: "Session", action: str, subject: "User", **detail: object) -> None:
    from backend.core import audit

    audit.record(session, None, action, "user", subject.id, **detail)


def _found(session: "Session", email: str) -> "User":
    from backend.accounts import repository

    found = repository.by_email(session, email.strip().lower())
    if found is None:
        refuse(f"There is no account {email}. See: pocovid user list")
    return found


def _role(word: str) -> str:
    from backend.tables.vocabulary import Role

    if word not in list(Role):
        refuse(f"There is no role {word!r}: {', '.join(Role)}.")
    return word


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
