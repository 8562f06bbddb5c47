"""A release is killed, overtaken, kept waiting: it comes out the same, once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import leases
from backend.jobs.kinds import RELEASING
from backend.releases import repository
from backend.storage.keys import published_folder
from backend.tables.vocabulary import JobState
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment
from tests.worker.releases.test_task import archive, ask, finish, make, row, three, unpacked
from worker.releases import task as tasks

__all__ = ["three"]


@pytest.fixture(autouse=True)
def _in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests disturb is reached in the first turn, however slow the machine is."""
    monkeypatch.setattr(tasks, "TURN_S", float("inf"))


@pytest.mark.parametrize("step", ["_copy", "_publish", "_finish", "_write_top", "_measure_new"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_point_it_comes_out_the_same(
    deployment: Deployment,
    three: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    after: bool,
) -> None:
    """A kill is what no handler sees: rows stay `running` and bytes stay half done."""
    number = ask(deployment)
    real: Callable[..., Any] = getattr(tasks, step)

    def killed(*args: Any, **named: Any) -> Any:
        if after:
            real(*args, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tasks, step, killed)
        with pytest.raises(KeyboardInterrupt):
            tasks.release.run(str(number))
    if not after:
        assert row(deployment, number).state == "running"
    with_settings(monkeypatch, stale_after_s=0.0)
    tasks.requeue_expired()
    finish(deployment, number)

    interrupted = archive(deployment, number)
    assert row(deployment, number).state == "done"
    assert again(deployment, number) == interrupted


def again(deployment: Deployment, number: int) -> bytes:
    """The same release made from the start, undisturbed."""
    with deployment.database.write() as session:
        found = repository.get(session, number)
        assert found is not None
        found.state, found.attempt, found.done = JobState.QUEUED, 0, 0
        for item in repository.items(session, number):
            item.files = item.facts = None
            deployment.storage.delete_folder(published_folder(item.contribution_id))
        session.commit()
    finish(deployment, number)
    return archive(deployment, number)


def test_one_given_up_by_too_many_workers_frees_its_recordings(
    deployment: Deployment, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask(deployment)
    with_settings(monkeypatch, stale_after_s=0.0, max_attempts=2)
    for _ in range(2):
        with deployment.database.write() as session:
            assert leases.lease(session, RELEASING, utc_now()) is not None
            session.commit()
        tasks.requeue_expired()
    found = row(deployment, number)
    assert found.state == "failed"
    assert "interrupted 2 times" in (found.error or "")
    assert make(deployment) == number + 1


def test_it_steps_aside_and_goes_on(
    deployment: Deployment, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TURN_S", -1.0)
    number = ask(deployment)
    tasks.release.run(str(number))
    found = row(deployment, number)
    assert (found.state, found.attempt, found.lost) == ("queued", 1, 0)


def test_a_storage_that_is_away_is_waited_for(
    deployment: Deployment, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask(deployment)

    def away(*_: Any, **__: Any) -> None:
        raise StorageUnreachableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "_copy", away)
        tasks.release(str(number))
    with deployment.database.write() as session:
        found = repository.get(session, number)
        assert found is not None
        assert (found.state, found.lost) == ("queued", 0)
        assert found.due_at is not None, "it waits longer each time"
        found.due_at = None
        session.commit()
    finish(deployment, number)
    assert row(deployment, number).state == "done"


def test_an_attempt_that_was_overtaken_changes_nothing(
    deployment: Deployment, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask(deployment)
    real = tasks._write_top

    def overtaken(claim: Any, *args: Any) -> Any:
        with_settings(monkeypatch, stale_after_s=0.0)
        with monkeypatch.context() as patch:
            patch.setattr(tasks, "_write_top", real)
            tasks.requeue_expired()
            finish(deployment, number)
        return real(claim, *args)

    monkeypatch.setattr(tasks, "_write_top", overtaken)
    tasks.release.run(str(number))

    found = row(deployment, number)
    assert (found.state, found.attempt) == ("done", 2)
    assert {file.key.split("/")[2] for file in found.files.files} == {"2"}
    assert len(unpacked(deployment, number)) == 3 + 5 + 6
