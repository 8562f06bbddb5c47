"""The command line of releases and artifacts: what it does, says and refuses."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

import migrations
from backend.cli import dataset
from backend.cli import main as cli
from backend.core import logs
from backend.core.db import Database, utc_now
from backend.core.settings import Settings
from backend.releases import repository
from backend.storage.factory import open_storage
from backend.tables.releases import Difference
from backend.tables.vocabulary import JobState
from backend.trainings.artifacts import repository as artifacts
from tests.factories_artifacts import create_manifest
from tests.factories_releases import NOTHING, create_ingested, create_release

MANIFEST = create_manifest(metrics={"patient": {"video_accuracy": 0.875}})


@pytest.fixture(autouse=True)
def _leave_logging_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up logging for its process; here that would be the test run's."""
    monkeypatch.setattr(logs, "configure", lambda _settings: None)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """That of the commands."""
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path))
    settings = Settings()
    migrations.upgrade(settings.database_url)
    made = Database.connect(settings)
    yield made
    made.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words)


class TestRelease:
    def test_one_is_queued_and_the_worker_told(self, database: Database) -> None:
        with database.write() as session:
            create_ingested(session, open_storage(Settings()))
            session.commit()
        answer = run("dataset", "release", "--note", "Spring", "--no-wait")
        assert answer.exit_code == 0, answer.output
        assert "Release 1 is queued." in answer.output
        with database.read() as session:
            made = repository.get(session, 1)
            assert made is not None
            assert (made.state, made.note, made.created_by) == ("queued", "Spring", None)
        messages = Settings().broker_dir / "messages"
        assert [path.suffixes[-2] for path in messages.glob("*.msg")] == [".pocovid-dataset"]

    def test_nothing_to_release_is_said_and_ends_with_1(self, database: Database) -> None:
        answer = run("dataset", "release")
        assert answer.exit_code == 1
        assert "nothing to release" in answer.output

    def test_what_is_being_deidentified_is_waited_for(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with database.write() as session:
            contribution = create_ingested(
                session, open_storage(Settings()), deidentify_state="running"
            )
            session.commit()
        polls = []

        def end_it(_seconds: float) -> None:
            polls.append(1)
            with database.write() as session:
                row = session.merge(contribution)
                row.deidentify_state = JobState.DONE
                session.commit()

        monkeypatch.setattr(time, "sleep", end_it)
        monkeypatch.setattr(dataset, "_follow", lambda _settings, _number: None)
        answer = run("dataset", "release")
        assert answer.exit_code == 0, answer.output
        assert "Release 1 is queued." in answer.output
        assert polls == [1]

    def test_its_end_is_waited_for(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from backend.releases import service

        diff = Difference(since=None, added=[uuid4()], withdrawn=[], relabelled=[], corrected=[])
        summary = NOTHING.model_copy(update={"recordings": 1, "frames": 2})

        def made(session: object, _actor: object, _note: str) -> object:
            return create_release(session, 1, summary=summary, diff=diff)  # type: ignore[arg-type]

        monkeypatch.setattr(service, "create", made)
        answer = run("dataset", "release")
        assert answer.exit_code == 0, answer.output
        assert "Release 1: 1 recordings, 2 frames; 1 added" in answer.output


class TestArtifact:
    @pytest.fixture(autouse=True)
    def _two(self, database: Database) -> None:
        with database.write() as session:
            artifacts.register(session, "pocovidnet-1", None, MANIFEST, utc_now())
            artifacts.register(session, "pocovidnet-r1-a", "artifacts/a/1", MANIFEST, utc_now())
            session.commit()
        storage = open_storage(Settings())
        storage.put_bytes("artifacts/a/1/manifest.json", b"{}")

    def test_a_star_marks_what_answers(self) -> None:
        answer = run("artifact", "list")
        assert "* pocovidnet-1  (shipped, videos by patient 87.5%)" in answer.output

    def test_one_is_activated_and_rolled_back(self) -> None:
        assert run("artifact", "activate", "pocovidnet-r1-a").exit_code == 0
        assert "* pocovidnet-r1-a" in run("artifact", "list").output
        answer = run("artifact", "activate")
        assert "pocovidnet-1 is active now." in answer.output

    def test_what_cannot_be_is_said_and_ends_with_1(self) -> None:
        answer = run("artifact", "activate", "pocovidnet-9")
        assert answer.exit_code == 1
        assert "There is no artifact pocovidnet-9." in answer.output
        assert "nothing to roll back to" in run("artifact", "activate").output
