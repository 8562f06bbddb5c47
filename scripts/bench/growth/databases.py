"""Databases for a while: migrated, and gone at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import psycopg

import migrations
from backend.core.settings import Settings
from tests.postgresql import new_database

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SERVER = "POCOVID_TEST_DATABASE_URL"
USUAL_SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


class UnavailableError(Exception):
    """There is no server for this kind of database; the message says where it was looked for."""


@contextmanager
def new(kind: Kind, folder: Path) -> Iterator[str]:
    """A new database at the newest migration, by its URL.

    Args:
        kind: SQLite's is a file in `folder`; PostgreSQL's is on the server that
            POCOVID_TEST_DATABASE_URL names, or else at port 5432 of this machine.
        folder: exists.

    Raises:
        UnavailableError: no PostgreSQL answers.
    """
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'growth.sqlite3'}"
        migrations.upgrade(url)
        yield url
        return
    server = os.environ.get(SERVER) or USUAL_SERVER
    try:
        psycopg.connect(server.replace("+psycopg", ""), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        where = f"at {SERVER}" if os.environ.get(SERVER) else f"at {USUAL_SERVER}; set {SERVER}"
        raise UnavailableError(f"no PostgreSQL answers {where}") from error
    with new_database(server) as made:
        url = Settings(database_url=made).database_url
        migrations.upgrade(url)
        yield url
