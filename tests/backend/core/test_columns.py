import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from backend.core.db import Database, utc_now
from backend.tables import Worker, WorkerKind


class TestStringEnum:
    def put(self, database: Database, kind: str) -> None:
        with database.write() as session:
            session.add(Worker(name="a:1", kind=kind, started_at=utc_now(), seen_at=utc_now()))
            session.commit()

    def test_the_database_holds_the_value_and_a_row_the_member(self, database: Database) -> None:
        self.put(database, WorkerKind.TRAINER)
        with database.read() as session:
            assert session.scalars(text("SELECT kind FROM workers")).all() == ["trainer"]
            kind = session.scalars(select(Worker.kind).where(Worker.kind == "trainer")).one()
        assert kind is WorkerKind.TRAINER

    def test_a_text_that_is_no_value_is_not_written(self, database: Database) -> None:
        with pytest.raises(StatementError, match=r"'cleaner' is not among .* worker, trainer"):
            self.put(database, "cleaner")

    def test_a_text_that_is_no_value_is_named_when_it_is_read(self, database: Database) -> None:
        self.put(database, WorkerKind.WORKER)
        with database.write() as session:
            session.execute(text("UPDATE workers SET kind = 'cleaner'"))
            with pytest.raises(LookupError, match=r"'cleaner' is not among .*workerkind"):
                session.scalars(select(Worker.kind)).one()
