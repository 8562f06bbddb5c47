"""Alembic on backend.tables: bring a database to this version of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_HERE = Path(__file__).resolve().parent


def config(database_url: str) -> Config:
    """Alembic's configuration for one database, by its SQLAlchemy URL."""
    made = Config()
    made.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["database_url"] = database_url
    return made


def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate up to `revision`. Safe to call from several processes at once."""
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Migrate down to `revision`; `base` is an empty database."""
    command.downgrade(config(database_url), revision)
