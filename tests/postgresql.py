"""Databases of their own on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from tests import planted


@contextmanager
def new_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """A new database on the server, by its URL; dropped at the end."""
    server = urlsplit(server_url.replace("+psycopg", ""))
    name = f"pocovid_test_{uuid4().hex[:12]}"
    with psycopg.connect(urlunsplit(server), autocommit=True) as admin:
        like = f' TEMPLATE "{template}"' if template else ""
        if template and admin.info.server_version >= 15_00_00:
            like += " STRATEGY FILE_COPY"  # a quarter of the time: no page goes through the buffers
        admin.execute(f'CREATE DATABASE "{name}"{like}')
        try:
            yield urlunsplit(server._replace(netloc=_with_password(server), path=f"/{name}"))
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _with_password(server: SplitResult) -> str:
    """A planted password, which a server that trusts everybody does not look at."""
    if server.password or not server.username:
        return server.netloc
    return f"{server.username}:{planted.PASSWORD.split()[0]}@{server.netloc.rpartition('@')[2]}"
