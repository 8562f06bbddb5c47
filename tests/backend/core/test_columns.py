import json
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import String, cast, select, text
from sqlalchemy.exc import StatementError

from backend.core.db import Database, utc_now
from backend.tables import (
    Contribution,
    Release,
    Review,
    Screening,
    Submission,
    Worker,
    WorkerKind,
)
from backend.tables.contributions import Cine
from backend.tables.releases import StoredFile, TopFiles
from backend.tables.vocabulary import JobState, Label
from models.contract import Square
from tests.factories import (
    answer,
    answer_of_before,
    create_screening,
    create_user,
    prediction,
)
from tests.factories_contributions import create_submission
from tests.factories_releases import create_release
from tests.factories_reviews import create_prepared, create_review


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


COUNTS = {"videos": 1, "images": 0, "frames": 2}
FILE = StoredFile(path="a.csv", key="releases/1/1/a.csv", bytes=3, sha256="0" * 64, crc32=7)


class TestTypedJSON:
    def test_what_is_written_is_read_as_the_model(self, database: Database) -> None:
        with database.write() as session:
            create_release(session, files=TopFiles(files=[FILE]))
            session.commit()
        with database.read() as session:
            assert session.scalars(select(Release.files)).one() == TopFiles(files=[FILE])

    def test_an_older_row_without_later_fields_is_read_as_it_was_stored(
        self, database: Database
    ) -> None:
        row = {"line": 2, "file_name": "a.mp4", "values": {"label": "viral", "source": None}}
        with database.write() as session:
            create_submission(session, create_user(session))
            session.execute(
                text("UPDATE submissions SET manifest = :rows"), {"rows": json.dumps({"k": row})}
            )
            session.commit()
        with database.read() as session:
            stored = session.scalars(select(Submission.manifest)).one()
        assert stored == {"k": row}
        assert stored["k"]["values"]["label"] is Label.VIRAL

    def test_what_does_not_fit_is_not_written(self, database: Database) -> None:
        with database.write() as session, pytest.raises(StatementError, match=r"files\.0\.key"):
            create_release(session, files={"files": [{"path": "a.csv"}]})

    def test_what_does_not_fit_is_named_when_it_is_read(self, database: Database) -> None:
        with database.write() as session:
            create_release(session)
            session.execute(text("UPDATE releases SET files = '{\"files\": 7}'"))
            with pytest.raises(ValidationError, match="TopFiles\nfiles"):
                session.scalars(select(Release.files)).one()


class TestRowsOfEarlierVersions:
    """JSON as it was written before these columns had models."""

    def test_what_a_review_plays_and_cuts(self, database: Database) -> None:
        with database.write() as session:
            row = create_prepared(session)
            create_review(session, row, create_user(session, "reviewer"))
            cine = '{"times_s": [0, 0.1333], "width": 96, "height": 64}'
            session.execute(text("UPDATE contributions SET cine = :cine"), {"cine": cine})
            square = '{"size": 50, "x": 10, "y": 2}'
            session.execute(text("UPDATE reviews SET square = :square"), {"square": square})
            found = session.scalars(select(Contribution.cine)).one()
            assert found == Cine(times_s=[0.0, 0.1333], width=96, height=64)
            assert session.scalars(select(Review.square)).one() == Square(10, 2, 50)

    def test_what_the_models_answered(self, database: Database) -> None:
        with database.write() as session:
            create_prepared(session, model_answer=prediction(2))
            stored = session.scalars(select(cast(Contribution.model_answer, String))).one()
            assert json.loads(stored) == answer(2), "as the API returns it"
            assert session.scalars(select(Contribution.model_answer)).one() == prediction(2)
            without = json.dumps(answer() | {"models": [{}]})
            session.execute(text("UPDATE contributions SET model_answer = :it"), {"it": without})
            session.expire_all()
            with pytest.raises(ValidationError, match="expected `models`"):
                session.scalars(select(Contribution.model_answer)).one()

    def test_answers_of_before_recordings_could_be_unusable(self, database: Database) -> None:
        with database.write() as session:
            create_screening(session, status="done", result=prediction())
            stored = {"it": json.dumps(answer_of_before())}
            session.execute(text("UPDATE screenings SET result = :it"), stored)
            session.expire_all()
            assert session.scalars(select(Screening.result)).one() == prediction()

    def test_what_a_release_holds(self, database: Database) -> None:
        before_left_out = {
            "recordings": 1,
            "frames": 2,
            "patients": 0,
            "classes": [{"label": "viral", "convex": COUNTS, "linear": COUNTS}],
            "licences": {"CC0 1.0": 1},
        }
        diff = {
            "since": 1,
            "added": [str(UUID(int=7))],
            "withdrawn": [],
            "relabelled": [{"id": str(UUID(int=8)), "before": "healthy", "after": "other"}],
            "corrected": [],
        }
        with database.write() as session:
            create_release(session)
            create_release(session, 2, state=JobState.QUEUED, summary=None, diff=None)
            session.execute(
                text("UPDATE releases SET summary = :summary, diff = :diff WHERE number = 1"),
                {"summary": json.dumps(before_left_out), "diff": json.dumps(diff)},
            )
            unmade = text("SELECT summary FROM releases WHERE number = 2")
            assert session.scalars(unmade).one() in ({}, "{}")
            done, queued = session.scalars(select(Release.summary).order_by(Release.number))
            changed, unknown = session.scalars(select(Release.diff).order_by(Release.number))
        assert done is not None
        assert done.model_dump(mode="json") == before_left_out | {"left_out": 0}
        assert changed is not None
        assert changed.model_dump(mode="json") == diff
        assert (queued, unknown) == (None, None)
