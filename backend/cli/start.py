"""Start-up of sub-commands: settings, the migrated database, and exiting with a message."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.core.db import Database
    from backend.core.settings import Settings


def read_settings(host: str | None = None, port: int | None = None) -> "Settings":
    """The settings of the environment, overridden by the command line."""
    from pydantic import ValidationError

    from backend.core.logs import configure, log_uncaught_exceptions
    from backend.core.settings import Settings, explain

    given = {"host": host, "port": port}
    try:
        settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        refuse(explain(error))
    configure(settings)
    log_uncaught_exceptions()
    return settings


def make_folders(settings: "Settings") -> None:
    """Create the folders of this process, or exit with the one that is not writable."""
    from backend.storage.private_files import make_folder

    for folder, name in (
        (settings.data_dir, "POCOVID_DATA_DIR"),
        (settings.incoming_dir, "POCOVID_STORAGE_URL"),
    ):
        try:
            make_folder(folder)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            refuse(f"The folder {folder} is not writable: {error.strerror}. "
                   f"Choose another with {name}.")  # fmt: skip


def migrate_first(settings: "Settings") -> None:
    """Migrate the database to this version."""
    from sqlalchemy.exc import OperationalError

    from backend.core.redaction import redact
    from migrations import upgrade

    make_folders(settings)
    try:
        upgrade(settings.database_url)
    except OperationalError as error:
        message = " ".join(str(error.orig).split())
        refuse(f"The database cannot be used (POCOVID_DATABASE_URL): {redact(message)}")


def check_key(settings: "Settings", *, make: bool) -> None:
    """Refuse to start with a key other than the installation's; create it if there is none yet.

    If the database is unreachable, the key is checked when it is first needed.

    Args:
        make: whether this process may create the key. Workers wait until the API has.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from backend.core.db import Database
    from backend.installation import key

    database = Database.connect(settings)
    try:
        (key.establish if make else key.check)(database, settings)
    except key.WrongKeyError as error:
        refuse(str(error))
    except SQLAlchemyError:
        pass
    finally:
        database.close()


@contextmanager
def transaction(settings: "Settings") -> Iterator["Session"]:
    """A session on the migrated database, committed at the end, or rolled back by an error."""
    from backend.core.db import Database

    migrate_first(settings)
    database = Database.connect(settings)
    try:
        with committing(database) as session:
            yield session
    finally:
        database.close()


@contextmanager
def committing(database: "Database") -> Iterator["Session"]:
    """A session whose changes are committed at the end, or rolled back by an error."""
    with database.write() as session:
        yield session
        session.commit()


def refuse(why: str) -> NoReturn:
    """Print the reason on standard error, and exit with status 1."""
    typer.echo(why, err=True)
    raise typer.Exit(1)
