"""Duties of maintenance: each fails by itself, goes around what fails, and keeps nobody waiting."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import duties
from backend.storage.local import FolderStorage
from backend.system.health import service
from backend.tables import Duty, Postponement, Status
from tests.worker.deployment import Deployment, maintain, still
from tests.worker.maintenance.test_contributions import prepared
from worker import process
from worker.maintenance.duties import DUTIES

EXPIRED = timedelta(seconds=1)


def noted(deployment: Deployment) -> dict[str, Duty]:
    with deployment.database.read() as session:
        return {each.name: each for each in session.scalars(select(Duty))}


def expired(deployment: Deployment) -> Any:
    return deployment.queue(still(), notify=False, status="done", expires_at=utc_now() - EXPIRED)


def test_one_that_breaks_stops_no_other_and_both_are_noted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    screening = expired(deployment)
    monkeypatch.setattr("worker.maintenance.screenings.requeue", lambda *_: 1 / 0)

    for _ in range(2):
        for each in DUTIES.values():
            broken = each.name == "requeue-screenings"
            with pytest.raises(ZeroDivisionError) if broken else nullcontext():
                each.run()

    assert deployment.recording(screening).pixels_deleted_at is not None
    failed, well = noted(deployment)["requeue-screenings"], noted(deployment)["delete-expired"]
    assert (failed.failures, failed.error, failed.succeeded_at) == (2, "ZeroDivisionError", None)
    assert (well.failures, well.error) == (0, None)
    assert well.succeeded_at is not None
    said = service.health(deployment.database, deployment.storage, deployment.settings).reasons
    assert any("requeue-screenings" in reason for reason in said)


def test_an_object_that_cannot_be_deleted_is_gone_around_and_tried_again_later(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, others = expired(deployment), [expired(deployment) for _ in range(3)]
    key = deployment.recording(stuck).storage_key
    real: Callable[..., None] = FolderStorage.delete

    def delete(storage: FolderStorage, asked: str) -> None:
        if asked == key:
            raise StorageUnreachableError("The storage cannot be used now.")
        real(storage, asked)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStorage, "delete", delete)
        maintain()
        recordings = [deployment.recording(id_) for id_ in (stuck, *others)]
        assert [row.pixels_deleted_at is None for row in recordings] == [True, False, False, False]
        with deployment.database.write() as session:
            first = session.scalars(select(Postponement)).one()
            assert (first.failures, first.duty) == (1, "delete-expired")
            waited = first.due_at - utc_now()
            first.due_at = utc_now()
            session.commit()
        maintain()
    with deployment.database.write() as session:
        again = session.scalars(select(Postponement)).one()
        assert again.failures == 2
        assert again.due_at - utc_now() > 1.5 * waited, "longer each time"
        again.due_at = utc_now()
        session.commit()
    maintain()
    assert deployment.recording(stuck).pixels_deleted_at is not None


def test_a_duty_waits_for_heartbeats_where_it_was_not_done_for_long(deployment: Deployment) -> None:
    """As after the database was away: nobody could be heard, and nobody is lost for it."""
    silent = utc_now() - timedelta(seconds=60)
    alive = deployment.queue(
        still(), notify=False, status="running", attempt=1, heartbeat_at=silent
    )
    with deployment.database.write() as session:
        duties.duty_succeeded(session, "requeue-screenings", utc_now() - timedelta(seconds=59))
        session.commit()
    maintain()
    assert deployment.row(alive).status == Status.RUNNING.value
    maintain()
    assert (deployment.row(alive).status, deployment.row(alive).lost) == (Status.QUEUED.value, 1)


def test_nothing_calls_the_storage_inside_a_write_transaction(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite that kept the only writer waiting for the storage."""
    writing = threading.local()
    begun: list[str] = []

    def began(connection: Any) -> None:
        writing.now = not connection.get_execution_options().get("read_only", False)

    def ended(_connection: Any) -> None:
        writing.now = False

    engine = process.current().database.engine
    event.listen(engine, "begin", began)
    for name in ("commit", "rollback"):
        event.listen(engine, name, ended)

    def watched(name: str) -> None:
        real = getattr(FolderStorage, name)

        def method(storage: FolderStorage, *rest: Any) -> Any:
            begun.append(name)
            assert not getattr(writing, "now", False), f"{name} inside a write transaction"
            return real(storage, *rest)

        monkeypatch.setattr(FolderStorage, name, method)

    expired(deployment)
    prepared(deployment, state="withdrawn")
    for name in ("put", "put_bytes", "open", "delete", "delete_folder", "listing", "check"):
        watched(name)
    maintain()
    maintain(hourly=True)
    assert {"delete", "delete_folder", "listing"} <= set(begun)
    assert {each.failures for each in noted(deployment).values()} == {0}
    assert set(noted(deployment)) == set(DUTIES)
