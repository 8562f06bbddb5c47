"""An empty database, on each kind of server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.core.settings import Settings
from tests.conftest import POSTGRESQL, postgresql_database


@pytest.fixture(params=["sqlite", POSTGRESQL])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'pocovid.sqlite3'}"
    else:
        with postgresql_database() as made:
            yield Settings(database_url=made).database_url
