"""Many machines are as one: the whole way on six that are killed, and on one tree.

Two API processes, two workers of two children, a scheduler and a trainer share PostgreSQL, Redis
and a bucket and nothing else: each has a data folder of its own. They are killed with -9 in the
middle of what they do. At the end rows and bytes are those of `pocovid up` on SQLite, to which
the same story was told and to which nothing happened, and those that were sent.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import redis

import migrations
from backend.core.db import Database
from backend.core.settings import Settings
from backend.jobs.celery import make_celery
from backend.storage.factory import open_storage
from tests import buckets, planted
from tests.conftest import (
    DATABASE_SERVER,
    LAST_REDIS_DATABASE,
    REDIS_SERVER,
    postgresql_database,
    redis_database,
)
from tests.machines import outcome, recordings, story
from tests.machines.installation import (
    ROOT,
    Installation,
    Machine,
    many_machines,
    one_tree,
    running,
)
from tests.machines.outcome import Held, groups
from tests.machines.recordings import STORY
from tests.machines.story import Story
from tests.worker.deployment import maintain
from worker import own_folder, process
from worker.maintenance import contributions, screenings, uploads
from worker.releases import task as release
from worker.trainings import task as training

ACTIVE = ROOT / "models" / "artifacts" / "ACTIVE"
SEED = int(os.environ.get("POCOVID_TEST_SEED", "1"))
"""Of the points at which processes are killed."""

ADMIN = "machines-admin@example.org"

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not ACTIVE.exists(), reason="no trained artifact in models/artifacts"),
    pytest.mark.skipif(
        not DATABASE_SERVER or not REDIS_SERVER,
        reason="no POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL: no services to test on",
    ),
]


@pytest.fixture
def services(s3_url: str, caplog: pytest.LogCaptureFixture) -> Iterator[Mapping[str, str]]:
    """Settings that lead to an empty database, an empty broker and an empty bucket."""
    caplog.set_level("ERROR", logger="werkzeug")  # else the bucket tells of each request
    broker_url = redis_database(LAST_REDIS_DATABASE)
    with postgresql_database() as database_url, redis.Redis.from_url(broker_url) as broker:
        broker.flushdb()
        migrations.upgrade(Settings(database_url=database_url).database_url)
        values = buckets.make(s3_url) | {"database_url": database_url, "broker_url": broker_url}
        yield {f"POCOVID_{name.upper()}": value for name, value in values.items()}
        broker.flushdb()


def test_many_machines_are_as_one(
    tmp_path: Path, services: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many, one = many_machines(tmp_path / "many", services, SEED), one_tree(tmp_path / "one")
    with Story(many) as killed, Story(one) as whole, ThreadPoolExecutor(2) as told:
        tellings = [told.submit(tell_with_training, killed), told.submit(tell_alone, whole)]
        arrived, arrived_there = (each.result() for each in tellings)

    assert_as_sent(arrived)
    assert arrived.bytes == arrived_there.bytes
    for place in (many, one):
        for machine in place.machines:
            sweep(machine, monkeypatch)
            assert left_in(machine.folder) == [], machine.name
    found, expected = (
        outcome.look(each.place.settings, each.contributions, each.archive)
        for each in (killed, whole)
    )
    assert_as_sent(found)
    for held in (found, expected):
        assert held.unfinished == []
        assert held.orphans == []
    for number in found.fields:
        assert found.fields[number] == expected.fields[number]
        assert found.bytes[number] == expected.bytes[number]
    assert found.released == expected.released
    assert found.patients == expected.patients
    assert found.folds == expected.folds
    assert found.audit == expected.audit
    shipped = ACTIVE.read_text().strip()
    assert killed.answers[shipped] == whole.answers[shipped]
    assert_died(many)


def tell_with_training(told: Story) -> Held:
    """To many machines: the whole way, and new models that answer on both workers."""
    with running(told.place):
        arrived = tell(told)
        version = story.train(told)
        story.activate(told, version)
        assert_every_worker_answers(told, version)
    return arrived


def tell_alone(told: Story) -> Held:
    """To one tree, which need not train: the order of the recordings, by their ids, is another."""
    with running(told.place):
        return tell(told)


def tell(told: Story) -> Held:
    """From the accounts to a release and screenings; what was held before the reviews."""
    place = told.place
    create_admin(place)
    story.sign_up(told, ADMIN, planted.PASSWORD)
    story.send(told)
    arrived = outcome.look(place.settings, told.contributions)
    for stored in arrived.bytes.values():
        for key in [
            key
            for key in stored
            if not key.startswith(("contributions/", "contribution-previews/"))
        ]:
            del stored[key]
    story.submit(told)
    story.review(told)
    story.release(told)
    story.screen(told)
    return arrived


def create_admin(place: Installation) -> None:
    """As whoever installs the service does."""
    subprocess.run(
        [sys.executable, "-m", "backend.cli.main", "user", "create", ADMIN, "--role", "admin"],
        cwd=ROOT,
        env=dict(place.machines[0].environment),
        input=planted.PASSWORD + "\n",
        text=True,
        check=True,
        capture_output=True,  # it answers with the address, which no log may hold
    )


def assert_as_sent(held: Held) -> None:
    """Each recording has the words and, while it is there, the bytes that its sender gave it."""
    assert set(held.fields) == {each.number for each in STORY}
    assert held.patients == groups((each.person, each.number) for each in STORY)
    for each in STORY:
        sha256 = hashlib.sha256(each.content).hexdigest()
        found, row = held.fields[each.number], each.row
        assert (found["file_name"], found["sha256"]) == (each.name, sha256)
        assert {name: found[name] for name in ("label", "probe", "licence", "source", "note")} == {
            name: row[name] for name in ("label", "probe", "licence", "source", "note")
        }
        assert (found["sex"], found["findings"]) == (row["sex"], {"b_lines": row["b_lines"] == "1"})
        for key, stored in held.bytes[each.number].items():
            if key.startswith("contributions/"):
                assert stored == sha256
        if found["state"] == "draft":
            assert any(key.startswith("contributions/") for key in held.bytes[each.number])
        else:
            assert found["state"] == ("approved" if each.is_approved else "rejected")
            assert found["final_label"] == each.final_label


def assert_every_worker_answers(told: Story, version: str) -> None:
    """The new models answer on both workers, and both say the same."""
    workers = [each for each in told.place.machines if each.name.startswith("worker")]
    before = [worker.events("screening_done") for worker in workers]

    def both_have() -> bool:
        story.screen(told)
        return all(
            each.events("screening_done") > n for each, n in zip(workers, before, strict=True)
        )

    told.wait("both workers have answered", both_have)
    assert set(told.answers[version]) == {name for name, _ in recordings.to_screen()}


def sweep(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be swept some hours later: the bucket, and the machine's own folder."""
    settings = machine.settings
    for path in settings.incoming_dir.rglob("*"):
        os.utime(path, (0, 0))
    database = Database.connect(settings)
    here = process.Process(
        "tests:1", settings, database, open_storage(settings), make_celery(settings)
    )
    with monkeypatch.context() as patch:
        patch.setattr(process, "current", lambda: here)
        for each in (uploads, contributions, release, training, screenings):
            patch.setattr(each, "ORPHANED_AFTER", timedelta(0))
        maintain(hourly=True)
        own_folder.tidy()
    database.close()


def left_in(folder: Path) -> list[str]:
    """Files on a machine's disk that are neither its key nor a copy of an artifact."""
    lasting = ("artifacts/", "broker/", "storage/", "client.key", "pocovid.sqlite3")
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if not name.startswith(lasting) or "incoming/" in name]


def assert_died(place: Installation) -> None:
    """Every kill that was planned has happened, and nothing died that was not killed."""
    deaths = {each.name: each.deaths for each in place.machines}
    sys.stdout.write(f"seed {SEED}: {deaths}\n")
    points = {point for each in deaths.values() for point in each}
    assert points == {"killed", "contributions/", "review/", "dataset/", "published/", "frames/"}
    for name in ("api-1", "api-2", "scheduler", "trainer"):
        assert deaths[name], name
