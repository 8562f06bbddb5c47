"""Migrations of what is known of recordings' files."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import MetaData, insert, select

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import Contribution, Recording
from tests.migrations.rows import make_row


def test_of_recordings_of_before_neither_depth_nor_notes_are_known(url: str) -> None:
    migrations.upgrade(url, "0027")
    engine = make_engine(Settings(database_url=url))
    names = ["users", "submissions", "contributions", "recordings"]
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection, only=names)
        for table in before.sorted_tables:
            row = make_row(table, datetime(2025, 3, 1, tzinfo=UTC), uuid4())
            for column in table.foreign_keys:
                referred = connection.execute(select(column.column)).scalar_one_or_none()
                if referred is not None:
                    row[column.parent.name] = referred
            connection.execute(insert(table).values(row))
    migrations.upgrade(url, "0028")
    with engine.connect() as connection:
        for row_class in (Recording, Contribution):
            found = connection.execute(
                select(row_class.depth_mm, row_class.mm_per_pixel, row_class.notes)
            ).one()
            assert tuple(found) == (None, None, [])
    migrations.downgrade(url, "0027")
    with engine.connect() as connection:
        after = MetaData()
        after.reflect(connection, only=names)
        for name in ("recordings", "contributions"):
            assert len(connection.execute(select(after.tables[name])).all()) == 1
            assert not {"depth_mm", "mm_per_pixel", "notes"} & set(after.tables[name].c.keys())
    engine.dispose()
