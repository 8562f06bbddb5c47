"""Upkeep of contributions: lost work comes back, bytes that are not to stay go, others do not."""

import os
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.core.db import now
from backend.core.errors import StorageUnreachableError
from backend.storage.keys import cine_key, dataset_pixels_key, whole_key
from backend.storage.local import FolderStorage
from tests.worker.contributing import actions, change, contribute, decide, kept, row
from tests.worker.house import House, maintain, still
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews
from worker.maintenance import duties
from worker.maintenance.duties import ORPHANED_AFTER

LONG_AGO = timedelta(minutes=5)
YESTERDAY = timedelta(hours=25)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Tasks and ids that the broker was told of."""
    told: list[tuple[str, str]] = []

    def remember(_celery: Any, task: str, contribution_id: str) -> bool:
        told.append((task.rsplit(".")[-1], contribution_id))
        return True

    monkeypatch.setattr(duties, "send", remember)
    return told


def prepared(house: House, **changes: Any) -> UUID:
    contribution = contribute(house, still(), prep_state="queued")
    make_previews.run(str(contribution))
    if changes:
        change(house, contribution, **changes)
    return contribution


def kinds(house: House, contribution: UUID) -> set[str]:
    """Folders in which there is anything of it."""
    return {key.split("/")[0] for key in kept(house, contribution)}


class TestRequeue:
    def test_what_nobody_asked_for_is_asked_for(
        self, house: House, sent: list[tuple[str, str]]
    ) -> None:
        pending = contribute(house, still())
        approved = contribute(house, still(), state="approved", final_label="healthy")
        maintain()
        assert sorted(sent) == [("deidentify", str(approved)), ("make_previews", str(pending))]

    @pytest.mark.parametrize("state", ["draft", "withdrawn", "rejected", "changes_requested"])
    def test_what_waits_for_nobody_is_left_alone(
        self, house: House, sent: list[tuple[str, str]], state: str
    ) -> None:
        contribute(house, still(), state=state, decided_at=now())
        maintain()
        assert sent == []


class TestDeleted:
    def test_a_withdrawn_one_loses_every_byte_at_once(self, house: House) -> None:
        contribution = prepared(house)
        decide(house, contribution)
        deidentify.run(str(contribution))
        change(house, contribution, state="withdrawn", withdrawn_at=now())
        maintain()
        assert kept(house, contribution) == {}
        found = row(house, contribution)
        assert (found.original_key, found.preview_key, found.whole_key) == (None, None, None)
        assert (found.pixels_key, found.cine, found.ingest_state) == (None, None, None)
        assert found.pixels_deleted_at is not None
        assert actions(house, contribution)[-1] == "contributions.bytes_deleted"

    def test_a_rejected_one_after_the_time_for_an_undo(self, house: House) -> None:
        contribution = prepared(house)
        decide(house, contribution, verdict="reject", reason="duplicate", label=None)
        maintain()
        assert kinds(house, contribution) == {"contributions", "contribution-previews", "review"}
        change(house, contribution, decided_at=now() - YESTERDAY)
        maintain()
        assert kept(house, contribution) == {}

    def test_of_an_approved_one_only_what_reviewers_looked_at(self, house: House) -> None:
        contribution = prepared(house)
        decide(house, contribution)
        deidentify.run(str(contribution))
        made = {"contribution-previews", "wholes", "dataset"}
        assert kinds(house, contribution) == made | {"review"}
        change(house, contribution, decided_at=now() - YESTERDAY)
        maintain()
        assert kinds(house, contribution) == made
        found = row(house, contribution)
        assert (found.cine, found.prep_state, found.ingest_state) == (None, None, "done")

    def test_of_one_approved_while_it_was_prepared(self, house: House) -> None:
        contribution = prepared(house, cine=None, prep_state="running")
        decide(house, contribution)
        deidentify.run(str(contribution))
        change(house, contribution, decided_at=now() - YESTERDAY)
        maintain()
        assert "review" not in kinds(house, contribution)
        assert row(house, contribution).prep_state is None

    def test_an_original_that_a_killed_worker_left(self, house: House) -> None:
        contribution = prepared(house)
        decide(house, contribution)
        change(house, contribution, ingest_state="done", whole_key="wholes/x.png")
        maintain()
        assert row(house, contribution).original_key is None
        assert "contributions" not in kinds(house, contribution)

    @pytest.mark.parametrize("state", ["queued", "running", "failed"])
    def test_never_an_original_that_was_not_ingested(self, house: House, state: str) -> None:
        contribution = prepared(house)
        decide(house, contribution)
        change(
            house,
            contribution,
            ingest_state=state,
            ingest_heartbeat_at=now(),
            decided_at=now() - YESTERDAY,
        )
        maintain()
        assert "contributions" in kinds(house, contribution)

    def test_later_where_the_storage_is_away(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contribution = prepared(house, state="withdrawn")

        def away(*_: object) -> None:
            raise StorageUnreachableError("The storage cannot be used now.")

        with monkeypatch.context() as patch:
            patch.setattr(FolderStorage, "delete_folder", away)
            patch.setattr(FolderStorage, "check", away)
            maintain()
        assert row(house, contribution).original_key is not None
        maintain()
        assert kept(house, contribution) == {}


class TestSweep:
    def test_old_bytes_of_nobody_go(self, house: House) -> None:
        stranger = uuid4()
        for key in (
            cine_key(stranger, 0),
            whole_key(stranger, "mp4"),
            dataset_pixels_key(stranger, "mp4"),
        ):
            house.storage.put_bytes(key, b"left behind")
        maintain(hourly=True)
        assert len(kept(house, stranger)) == 3, "somebody may be at work on them"
        _age(house, stranger)
        maintain(hourly=True)
        assert kept(house, stranger) == {}

    def test_what_rows_answer_for_stays(self, house: House) -> None:
        pending = prepared(house)
        done = prepared(house)
        decide(house, done)
        deidentify.run(str(done))
        before = kept(house, pending), kept(house, done)
        for contribution in (pending, done):
            _age(house, contribution)
        maintain(hourly=True)
        assert (kept(house, pending), kept(house, done)) == before

    def test_what_an_undo_left_goes_but_the_copy_stays(self, house: House) -> None:
        contribution = prepared(house)
        decide(house, contribution)
        deidentify.run(str(contribution))
        change(house, contribution, state="pending", ingest_state=None, pixels_key=None)
        _age(house, contribution)
        maintain(hourly=True)
        assert kinds(house, contribution) == {"contribution-previews", "wholes", "review"}


def _age(house: House, contribution: UUID) -> None:
    """Make its files as old as those that are swept."""
    then = time.time() - ORPHANED_AFTER.total_seconds() - 60
    for path in (house.settings.data_dir / "storage").rglob("*"):
        if str(contribution) in str(path) and path.is_file():
            os.utime(path, (then, then))
