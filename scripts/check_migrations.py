"""Fail when the migrations do not make the tables that backend.tables describes."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.util import CommandError

import migrations


def main() -> int:
    """Migrate an empty database, and compare."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'empty.sqlite3'}"
        migrations.upgrade(url)
        try:
            command.check(migrations.config(url))
        except CommandError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
