import pytest
from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from backend.core.db import Database, utc_now
from backend.tables import Release, Worker, WorkerKind
from backend.tables.releases import StoredFile, TopFiles
from tests.factories_releases import create_release


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


FILE = StoredFile(path="a.csv", key="releases/1/1/a.csv", bytes=3, sha256="0" * 64, crc32=7)


class TestTypedJSON:
    def test_what_is_written_is_read_as_the_model(self, database: Database) -> None:
        with database.write() as session:
            create_release(session, files=TopFiles(files=[FILE]))
            session.commit()
        with database.read() as session:
            assert session.scalars(select(Release.files)).one() == TopFiles(files=[FILE])

    def test_what_does_not_fit_is_not_written(self, database: Database) -> None:
        with database.write() as session, pytest.raises(StatementError, match=r"files\.0\.key"):
            create_release(session, files={"files": [{"path": "a.csv"}]})

    def test_what_does_not_fit_is_named_when_it_is_read(self, database: Database) -> None:
        with database.write() as session:
            create_release(session)
            session.execute(text("UPDATE releases SET files = '{\"files\": 7}'"))
            with pytest.raises(ValidationError, match="TopFiles\nfiles"):
                session.scalars(select(Release.files)).one()
