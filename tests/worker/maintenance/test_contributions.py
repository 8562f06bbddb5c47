"""Upkeep of contributions: lost work comes back, bytes that are not to stay go, others do not."""

import os
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.storage.keys import cine_key, dataset_pixels_key, deidentified_key
from backend.storage.local import FolderStorage
from tests.worker.contributing import actions, change, contribute, decide, kept, row
from tests.worker.deployment import Deployment, maintain, still
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


def prepared(deployment: Deployment, **changes: Any) -> UUID:
    contribution = contribute(deployment, still(), previews_state="queued")
    make_previews.run(str(contribution))
    if changes:
        change(deployment, contribution, **changes)
    return contribution


def kinds(deployment: Deployment, contribution: UUID) -> set[str]:
    """Folders in which there is anything of it."""
    return {key.split("/")[0] for key in kept(deployment, contribution)}


class TestRequeue:
    def test_what_nobody_asked_for_is_asked_for(
        self, deployment: Deployment, sent: list[tuple[str, str]]
    ) -> None:
        pending = contribute(deployment, still())
        approved = contribute(deployment, still(), state="approved", final_label="healthy")
        maintain()
        assert sorted(sent) == [("deidentify", str(approved)), ("make_previews", str(pending))]

    @pytest.mark.parametrize("state", ["draft", "withdrawn", "rejected", "changes_requested"])
    def test_what_waits_for_nobody_is_left_alone(
        self, deployment: Deployment, sent: list[tuple[str, str]], state: str
    ) -> None:
        contribute(deployment, still(), state=state, decided_at=utc_now())
        maintain()
        assert sent == []


class TestDeleted:
    def test_a_withdrawn_one_loses_every_byte_at_once(self, deployment: Deployment) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution)
        deidentify.run(str(contribution))
        change(deployment, contribution, state="withdrawn", withdrawn_at=utc_now())
        maintain()
        assert kept(deployment, contribution) == {}
        found = row(deployment, contribution)
        assert (found.original_key, found.preview_key, found.deidentified_key) == (None, None, None)
        assert (found.pixels_key, found.cine, found.deidentify_state) == (None, None, None)
        assert found.pixels_deleted_at is not None
        assert actions(deployment, contribution)[-1] == "contributions.bytes_deleted"

    def test_a_rejected_one_after_the_time_for_an_undo(self, deployment: Deployment) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution, verdict="reject", reason="duplicate", label=None)
        maintain()
        assert kinds(deployment, contribution) == {
            "contributions",
            "contribution-previews",
            "review",
        }
        change(deployment, contribution, decided_at=utc_now() - YESTERDAY)
        maintain()
        assert kept(deployment, contribution) == {}

    def test_of_an_approved_one_only_what_reviewers_looked_at(self, deployment: Deployment) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution)
        deidentify.run(str(contribution))
        made = {"contribution-previews", "wholes", "dataset"}
        assert kinds(deployment, contribution) == made | {"review"}
        change(deployment, contribution, decided_at=utc_now() - YESTERDAY)
        maintain()
        assert kinds(deployment, contribution) == made
        found = row(deployment, contribution)
        assert (found.cine, found.previews_state, found.deidentify_state) == (None, None, "done")

    def test_of_one_approved_while_it_was_prepared(self, deployment: Deployment) -> None:
        contribution = prepared(deployment, cine=None, previews_state="running")
        decide(deployment, contribution)
        deidentify.run(str(contribution))
        change(deployment, contribution, decided_at=utc_now() - YESTERDAY)
        maintain()
        assert "review" not in kinds(deployment, contribution)
        assert row(deployment, contribution).previews_state is None

    def test_an_original_that_a_killed_worker_left(self, deployment: Deployment) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution)
        change(deployment, contribution, deidentify_state="done", deidentified_key="wholes/x.png")
        maintain()
        assert row(deployment, contribution).original_key is None
        assert "contributions" not in kinds(deployment, contribution)

    @pytest.mark.parametrize("state", ["queued", "running", "failed"])
    def test_never_an_original_that_was_not_ingested(
        self, deployment: Deployment, state: str
    ) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution)
        change(
            deployment,
            contribution,
            deidentify_state=state,
            deidentify_heartbeat_at=utc_now(),
            decided_at=utc_now() - YESTERDAY,
        )
        maintain()
        assert "contributions" in kinds(deployment, contribution)

    def test_later_where_the_storage_is_away(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contribution = prepared(deployment, state="withdrawn")

        def away(*_: object) -> None:
            raise StorageUnreachableError("The storage cannot be used now.")

        with monkeypatch.context() as patch:
            patch.setattr(FolderStorage, "delete_folder", away)
            patch.setattr(FolderStorage, "check", away)
            maintain()
        assert row(deployment, contribution).original_key is not None
        maintain()
        assert kept(deployment, contribution) == {}


class TestSweep:
    def test_old_bytes_of_nobody_go(self, deployment: Deployment) -> None:
        unknown_id = uuid4()
        for key in (
            cine_key(unknown_id, 0),
            deidentified_key(unknown_id, "mp4"),
            dataset_pixels_key(unknown_id, "mp4"),
        ):
            deployment.storage.put_bytes(key, b"left behind")
        maintain(hourly=True)
        assert len(kept(deployment, unknown_id)) == 3, "somebody may be at work on them"
        _age(deployment, unknown_id)
        maintain(hourly=True)
        assert kept(deployment, unknown_id) == {}

    def test_what_rows_answer_for_stays(self, deployment: Deployment) -> None:
        pending = prepared(deployment)
        done = prepared(deployment)
        decide(deployment, done)
        deidentify.run(str(done))
        before = kept(deployment, pending), kept(deployment, done)
        for contribution in (pending, done):
            _age(deployment, contribution)
        maintain(hourly=True)
        assert (kept(deployment, pending), kept(deployment, done)) == before

    def test_what_an_undo_left_goes_but_the_copy_stays(self, deployment: Deployment) -> None:
        contribution = prepared(deployment)
        decide(deployment, contribution)
        deidentify.run(str(contribution))
        change(deployment, contribution, state="pending", deidentify_state=None, pixels_key=None)
        _age(deployment, contribution)
        maintain(hourly=True)
        assert kinds(deployment, contribution) == {"contribution-previews", "wholes", "review"}


def _age(deployment: Deployment, contribution: UUID) -> None:
    """Make its files as old as those that are swept."""
    then = time.time() - ORPHANED_AFTER.total_seconds() - 60
    for path in (deployment.settings.data_dir / "storage").rglob("*"):
        if str(contribution) in str(path) and path.is_file():
            os.utime(path, (then, then))
