"""Migrations of the model's stored answers."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    MetaData,
    insert,
    select,
)
from sqlalchemy.orm import Session

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.reviews import agreement
from backend.tables import (
    Contribution,
    Screening,
)
from models.contract import CLASSES, Probe
from tests.factories import answer_of_before, prediction
from tests.factories_reviews import create_prepared
from tests.migrations.rows import make_row


def test_answers_of_before_know_how_far_the_models_agreed_and_no_more(url: str) -> None:
    migrations.upgrade(url, "0024")
    engine = make_engine(Settings(database_url=url))
    now, some_id, before = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1), MetaData()
    apart = answer_of_before() | {
        "models": [
            {"probabilities": dict(zip(CLASSES, each, strict=True))}
            for each in ((0.7, 0.3, 0.0), (0.3, 0.7, 0.0))
        ]
    }
    answers = [None, answer_of_before(), apart]
    names = ["users", "submissions", "contributions", "recordings", "screenings"]
    with engine.begin() as connection:
        before.reflect(connection, only=names)
        for each in before.sorted_tables:
            row = make_row(each, now, some_id)
            if each.name == "contributions":
                for number, answered in enumerate(answers, start=1):
                    own_id = make_row(each, now, UUID(int=number))["id"]
                    row |= {"id": own_id, "model_answer": answered}
                    connection.execute(insert(each).values(row))
            else:
                done = {"state": "done", "result": answer_of_before()}
                row |= done if each.name == "screenings" else {}
                connection.execute(insert(each).values(row))
    agreements = select(
        Contribution.model_answer, Contribution.models_agreement, Contribution.signs_agreement
    ).order_by(Contribution.id)
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            found = connection.execute(agreements).all()
            assert [row.models_agreement for row in found] == [1.0, 1.0, 0.8]
            assert [row.signs_agreement for row in found] == [1.0, 1.0, 1.0]
            assert [row.models_agreement for row in found if row.model_answer] == [
                agreement.of_models(row.model_answer) for row in found if row.model_answer
            ]
            screening = connection.execute(select(Screening)).one()
            assert screening.result == prediction()
            assert screening.probe is Probe.CONVEX
            assert (screening.answered_anyway_at, screening.answered_anyway_by) == (None, None)
        migrations.downgrade(url, "0024")
    engine.dispose()


def test_answers_of_before_are_read_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = ScriptDirectory.from_config(migrations.config("")).get_revision("0025")
    url = f"sqlite:///{tmp_path / 'some.sqlite3'}"
    migrations.upgrade(url)
    engine = make_engine(Settings(database_url=url))
    stored = replace(prediction(), models=({"covid19": 1.0}, {"covid19": 0.0}))
    with Session(engine) as session:
        for _ in range(5):
            create_prepared(session, model_answer=stored)
        session.commit()
        context = MigrationContext.configure(session.connection())
        monkeypatch.setattr(script.module, "_AT_ONCE", 2)
        with Operations.context(context):
            script.module._fill_agreements()
        session.commit()
        assert session.scalars(select(Contribution.models_agreement)).all() == [0.8] * 5
    engine.dispose()
