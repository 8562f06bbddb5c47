"""How Alembic reaches the database: its URL comes from the caller, its target from our tables."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import text

import backend.tables  # noqa: F401  # fills the metadata
from backend.core.db import Base, UTCDateTime, make_engine
from backend.core.settings import Settings

_LOCK = 0x706F636F766964  # "pocovid": one process migrates a PostgreSQL database at a time


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types as SQLAlchemy's, since a migration imports nothing of ours."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations in one transaction, which other processes wait for."""
    url = context.config.attributes.get("database_url") or Settings().database_url
    engine = make_engine(Settings(database_url=url))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=connection.dialect.name == "sqlite",
                compare_type=True,
                render_item=render_item,
            )
            context.run_migrations()
    finally:
        engine.dispose()


run()
