"""Migrations make exactly the tables of backend.tables, drop them again, and lose no row."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Engine,
    MetaData,
    insert,
    inspect,
    select,
    table,
    text,
)

import migrations
from backend.core.db import Base, make_engine
from backend.core.settings import Settings
from tests.migrations.rows import make_row

RENAMED = {"arrivals": "uploads"}
"""Tables whose names a migration changes."""

REWRITTEN = {"trainings": {"settings"}}
"""What a migration means to change, which has a test of its own."""

REVISIONS = [
    each.revision for each in ScriptDirectory.from_config(migrations.config("")).walk_revisions()
][::-1]
"""From the first to the newest."""

Contents = dict[str, list[dict[str, Any]]]


def tables(url: str) -> set[str]:
    engine = make_engine(Settings(database_url=url))
    names = _names(engine)
    engine.dispose()
    return names


def test_upgrade_makes_the_tables_as_the_code_has_them(url: str) -> None:
    migrations.upgrade(url)
    engine = make_engine(Settings(database_url=url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
    assert tables(url) == set(Base.metadata.tables)


def test_upgrade_a_second_time_changes_nothing(url: str) -> None:
    migrations.upgrade(url)
    migrations.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)


def test_downgrade_leaves_nothing_and_upgrade_comes_back(url: str) -> None:
    migrations.upgrade(url)
    migrations.downgrade(url, "base")
    assert tables(url) == set()
    migrations.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)


def test_no_migration_up_or_down_loses_a_row_or_changes_what_it_does_not_mean_to(url: str) -> None:
    """Every table gets a row as soon as it is there; what both sides know of it stays equal."""
    migrations.upgrade(url, REVISIONS[0])
    engine = make_engine(Settings(database_url=url))
    filled: set[str] = set()
    before = _fill_new_tables(engine, filled)
    for revision in REVISIONS[1:]:
        migrations.upgrade(url, revision)
        _assert_kept(before, _contents(engine), revision)
        before = _fill_new_tables(engine, filled)
    assert {RENAMED.get(name, name) for name in filled} == set(Base.metadata.tables)
    for revision in reversed(REVISIONS[:-1]):
        migrations.downgrade(url, revision)
        after = _contents(engine)
        _assert_kept(before, after, f"back to {revision}")
        before = after
    engine.dispose()


def _fill_new_tables(engine: Engine, filled: set[str]) -> Contents:
    """Put a row into each table that is not in `filled` yet; what all of them hold then."""
    now, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
    if new := _names(engine) - filled - {RENAMED.get(name) for name in filled}:
        reflected = MetaData()
        reflected.reflect(engine, only=sorted(new))
        with engine.begin() as connection:
            for table in (each for each in reflected.sorted_tables if each.name in new):
                if connection.execute(select(table)).first() is None:  # else the migration did
                    connection.execute(insert(table).values(make_row(table, now, some_id)))
        filled |= new
    return _contents(engine)


def _contents(engine: Engine) -> Contents:
    """Each table's rows, by the names of their columns."""
    with engine.connect() as connection:
        return {
            name: [
                dict(row)
                for row in connection.execute(select(text("*")).select_from(table(name))).mappings()
            ]
            for name in _names(engine)
        }


def _names(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def _assert_kept(before: Contents, after: Contents, step: str) -> None:
    before, after = ({RENAMED.get(k, k): v for k, v in each.items()} for each in (before, after))
    for name in before.keys() & after.keys():
        for row, new in zip(before[name], after[name], strict=True):
            known = (row.keys() & new.keys()) - REWRITTEN.get(name, set())
            changed = {key: (row[key], new[key]) for key in known if row[key] != new[key]}
            assert (step, name, changed) == (step, name, {})
