"""Migrations of screenings and trainings."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import (
    MetaData,
    insert,
    select,
    update,
)

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import (
    Screening,
    Training,
)
from backend.tables.trainings import TrainingSettings
from tests.migrations.rows import make_row


def test_screenings_of_before_have_clients_get_one_that_nobody_is(url: str) -> None:
    migrations.upgrade(url, "0001")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    with engine.begin() as connection:
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables["recordings"], before.tables["screenings"]):
            connection.execute(insert(table).values(make_row(table, now, some_id)))
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
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "releases", "trainings"):
            row = make_row(before.tables[table], now, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        connection.execute(update(before.tables["trainings"]).values(settings={"epochs": 3}))
    stored = select(before.tables["trainings"].c.settings)
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(stored).scalar_one() == {"epochs": 3, "augmentation": "paper"}
        settings = connection.execute(select(Training.settings)).scalar_one()
    assert settings == TrainingSettings(epochs=3, augmentation="paper")
    migrations.downgrade(url, "0005")
    with engine.connect() as connection:
        assert connection.execute(stored).scalar_one() == {"epochs": 3}
    engine.dispose()
