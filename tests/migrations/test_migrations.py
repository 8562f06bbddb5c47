"""The migrations make exactly the tables of backend.tables, and take them away again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Integer, MetaData, Table, Uuid, insert, inspect, select, update

import migrations
from backend.db import Base, make_engine
from backend.settings import Settings
from backend.tables import Arrival, Contribution, ReleaseItem, Review, Screening, Training
from tests.conftest import DATABASE_SERVER, NO_DATABASE_SERVER, postgresql_database

WORDS = {"role": "admin", "status": "queued", "state": "draft", "verdict": "reject"}
"""Columns that take only some words."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'pocovid.sqlite3'}"
    elif DATABASE_SERVER is None:
        pytest.skip(NO_DATABASE_SERVER)
    else:
        with postgresql_database() as made:
            yield Settings(database_url=made).database_url


def tables(url: str) -> set[str]:
    engine = make_engine(Settings(database_url=url))
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names - {"alembic_version"}


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


def test_screenings_of_before_have_clients_get_one_that_nobody_is(url: str) -> None:
    migrations.upgrade(url, "0001")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    with engine.begin() as connection:
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables["recordings"], before.tables["screenings"]):
            connection.execute(insert(table).values(_anything(table, moment, some_id)))
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(select(Screening.client)).scalars().all() == [""]
    engine.dispose()


def test_trainings_of_before_augmentation_was_a_choice_say_what_they_did(url: str) -> None:
    migrations.upgrade(url, "0005")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "releases", "trainings"):
            row = _anything(before.tables[table], moment, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        connection.execute(update(Training).values(settings={"epochs": 3}))
    migrations.upgrade(url)
    with engine.connect() as connection:
        said = connection.execute(select(Training.settings)).scalar_one()
    assert said == {"epochs": 3, "augmentation": "paper"}
    migrations.downgrade(url, "0005")
    with engine.connect() as connection:
        assert connection.execute(select(Training.settings)).scalar_one() == {"epochs": 3}
    engine.dispose()


def test_what_was_half_sent_before_there_were_pieces_is_sent_from_the_start(url: str) -> None:
    migrations.upgrade(url, "0007")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "submissions"):
            row = _anything(before.tables[table], moment, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        arrivals = before.tables["arrivals"]
        for state, arrival_id in (("receiving", uuid4()), ("queued", uuid4())):
            row = _anything(arrivals, moment, some_id) | {"state": state, "received": 5}
            row["id"] = arrival_id if isinstance(arrivals.c.id.type, Uuid) else arrival_id.hex
            row["entry"] = None
            connection.execute(insert(arrivals).values(row))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(Arrival.state, Arrival.received)).all()
    assert {each.state: each.received for each in found} == {"receiving": 0, "queued": 5}
    engine.dispose()


def test_what_was_said_of_a_draft_before_tables_were_told_apart_stays(url: str) -> None:
    migrations.upgrade(url, "0009")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        said = {"label": "covid19", "source": "", "note": "x", "symptoms": ["fever"]}
        others: dict[str, dict[str, Any]] = {"contributions": said, "arrivals": {"state": "done"}}
        for table in ("users", "submissions", "contributions", "arrivals", "reviews"):
            row = _anything(before.tables[table], moment, some_id) | others.get(table, {})
            connection.execute(insert(before.tables[table]).values(row))
        connection.execute(update(Arrival).values(contribution_id=some_id))
    migrations.upgrade(url)
    with engine.begin() as connection:
        found = connection.execute(select(Contribution)).one()
        assert found.set_by_hand == ["label", "note", "symptoms"]
        assert (found.set_by_table, found.withheld, found.table_digest) == ([], [], None)
        assert connection.execute(select(Arrival.contribution_id)).scalar_one() == some_id
        assert connection.execute(select(Review.contribution_id)).scalar_one() == some_id
        connection.execute(update(Contribution).values(file_name="f" * 900 + "/a.png"))
    migrations.downgrade(url, "0009")
    with engine.connect() as connection:
        name = connection.execute(select(Contribution.file_name)).scalar_one()
    assert (len(name), name[-6:]) == (255, "/a.png")
    engine.dispose()


def test_releases_and_trainings_of_before_groups_merged_leave_nothing_out(url: str) -> None:
    migrations.upgrade(url, "0010")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    names = ["users", "submissions", "contributions", "releases", "fold_assignments"]
    with engine.begin() as connection:
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables[each] for each in [*names, "release_items", "trainings"]):
            row = _anything(table, moment, some_id)
            if table.name == "fold_assignments":
                row["group_key"] = some_id.hex
            connection.execute(insert(table).values(row))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(ReleaseItem.copies, ReleaseItem.left_out)).all()
        assert [tuple(each) for each in found] == [(None, False)]
        assert connection.execute(select(Training.left_out)).scalars().all() == [[]]
    migrations.downgrade(url, "0010")
    migrations.upgrade(url)
    engine.dispose()


def _anything(table: Table, moment: datetime, some_id: UUID) -> dict[str, Any]:
    """A value for each column that needs one."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in WORDS:
            values[column.name] = WORDS[column.name]
        elif isinstance(column.type, JSON) and not column.nullable:
            values[column.name] = {}
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        elif column.name == "id" or (column.foreign_keys and not column.nullable):
            values[column.name] = some_id if isinstance(column.type, Uuid) else some_id.hex
        elif not column.nullable:
            kind = column.type.python_type
            values[column.name] = moment if kind is datetime else kind(1)
    return values
