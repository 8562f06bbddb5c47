"""Deliveries: to a real Orthanc by C-STORE and STOW, and to peers that are hostile or away."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from backend.core.db import utc_now
from backend.dicom import repository
from backend.dicom.objects import to_bytes
from backend.recordings import repository as recordings
from backend.tables import Delivery, DicomInstance
from tests.dicom_instances import (
    Orthanc,
    closing_sockets,
    free_port,
    make_instance,
    needs_programs,
    run,
    running_orthanc,
    validate,
)
from tests.waiting import wait_until
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment, kill_tree, maintain
from worker.dicom import task as module
from worker.screenings import task as screening_task

SIDE = 200

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """One for all tests of this file; they look at their own study."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as started:
        yield started


@pytest.fixture(autouse=True)
def _sockets_are_closed() -> Iterator[None]:
    with closing_sockets():
        yield


def receive(deployment: Deployment, instance: Dataset) -> UUID:
    """A screening of an instance that came by C-STORE, as the node writes it."""
    screening_id = deployment.queue(to_bytes(instance), notify=False)
    recording = deployment.recording(screening_id)
    with deployment.database.write() as session:
        repository.add_instance(
            session,
            DicomInstance(
                recording_id=recording.id,
                screening_id=screening_id,
                sop_instance_uid=instance.SOPInstanceUID,
                sop_class_uid=instance.SOPClassUID,
                study_instance_uid=instance.StudyInstanceUID,
                series_instance_uid=instance.SeriesInstanceUID,
                transfer_syntax_uid=instance.file_meta.TransferSyntaxUID,
                sha256="0" * 64,
                service="c_store",
                received_at=utc_now(),
            ),
        )
        session.commit()
    return screening_id


def screened(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, instance: Dataset, peers: str
) -> UUID:
    """The screening of an instance, answered, with a delivery to every peer."""
    with_settings(
        monkeypatch, dicom_peers=peers, dicom_deliver_always=True, dicom_peer_timeout_s=2.0
    )
    screening_id = receive(deployment, instance)
    screening_task.screen.run(str(screening_id))
    return screening_id


def deliveries(deployment: Deployment) -> list[Delivery]:
    with deployment.database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.peer)))


def change(deployment: Deployment, **values: object) -> None:
    """Write columns of every delivery."""
    with deployment.database.write() as session:
        for row in session.scalars(select(Delivery)):
            for name, value in values.items():
                setattr(row, name, value)
        session.commit()


@contextmanager
def silent_peer() -> Iterator[int]:
    """A port that accepts connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])
        for each in held:
            each.close()


class TestRealOrthanc:
    pytestmark = needs_programs

    def test_it_has_report_and_picture_by_both_services_and_one_of_each(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, orthanc: Orthanc
    ) -> None:
        source = make_instance(12, SIDE)
        peers = f"dimse=dimse://ORTHANC@127.0.0.1:{orthanc.port},web={orthanc.url}"
        screened(deployment, monkeypatch, source, peers)
        for _ in range(2):
            module.deliver.run("")
        assert [(row.state, row.tries, row.last_problem) for row in deliveries(deployment)] == [
            ("done", 1, None)
        ] * 2
        found = orthanc.instances(source.StudyInstanceUID)
        assert sorted(each.Modality for each in found) == ["OT", "SR"]
        for each in found:
            assert validate(Path(each.filename)) == []
            if each.Modality == "SR":
                text = run("dsrdump", each.filename)
                assert "Pneumonia" in text
                assert "Planted^Name" in text

    def test_a_worker_killed_in_the_middle_sends_the_same_again(
        self, deployment: Deployment, orthanc: Orthanc
    ) -> None:
        source = make_instance(12, SIDE)
        deployment.environment = dict(deployment.environment) | {
            "POCOVID_DICOM_PEERS": f"pacs=dimse://ORTHANC@127.0.0.1:{orthanc.port}",
            "POCOVID_DICOM_DELIVER_ALWAYS": "true",
        }
        deployment.start_scheduler()
        worker = deployment.start_worker()
        screening_id = receive(deployment, source)
        deployment.notify(screening_id)
        wait_until(lambda: [r for r in deliveries(deployment) if r.state != "queued"], 90, 0.01)
        kill_tree(worker)
        deployment.start_worker()
        wait_until(lambda: [r for r in deliveries(deployment) if r.state == "done"], 90)
        assert len(deliveries(deployment)) == 1
        found = orthanc.instances(source.StudyInstanceUID)
        assert sorted(each.Modality for each in found) == ["OT", "SR"]

    def test_a_peer_that_was_killed_has_it_once_it_is_back(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        source = make_instance(1, SIDE)
        with running_orthanc(tmp_path / "orthanc") as peer:
            peer.kill()
            screened(deployment, monkeypatch, source,
                     f"pacs=dimse://ORTHANC@127.0.0.1:{peer.port}")  # fmt: skip
            module.deliver("")
            (row,) = deliveries(deployment)
            assert row.state == "queued"
            assert row.due_at is not None
            peer.start()
            change(deployment, due_at=None)
            module.deliver("")
            assert deliveries(deployment)[0].state == "done"
            assert len(peer.instances(source.StudyInstanceUID)) == 2

    def test_a_wrong_title_or_password_is_no_reason_to_try_again(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, orthanc: Orthanc
    ) -> None:
        wrong = orthanc.url.replace("for-tests", "another")
        peers = f"dimse=dimse://SOMEBODY@127.0.0.1:{orthanc.port},web={wrong}"
        screened(deployment, monkeypatch, make_instance(1, SIDE), peers)
        for _ in range(2):
            module.deliver("")
        for row in deliveries(deployment):
            assert (row.state, row.error_code) == ("failed", "refused_by_peer")
            assert "another" not in (row.error_message or "")


@contextmanager
def peer_that_stops_reading(orthanc: Orthanc) -> Iterator[int]:
    """A port where an association with Orthanc begins, and no byte passes after the first ones."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        held: list[socket.socket] = []

        def serve() -> None:
            near = server.accept()[0]
            far = socket.create_connection(("127.0.0.1", orthanc.port))
            held.extend((near, far))
            far.sendall(near.recv(1 << 16))
            near.sendall(far.recv(1 << 16))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(10)
        for each in held:
            each.close()


@needs_programs[0]
@needs_programs[-1]
def test_a_peer_that_stops_reading_is_tried_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, orthanc: Orthanc
) -> None:
    with peer_that_stops_reading(orthanc) as port:
        source = make_instance(1, SIDE)
        screened(deployment, monkeypatch, source, f"pacs=dimse://ORTHANC@127.0.0.1:{port}")
        began = time.monotonic()
        module.deliver("")
        assert time.monotonic() - began < 30
        (row,) = deliveries(deployment)
        assert (row.state, row.tries) == ("queued", 1)
        assert "pacs" in (row.last_problem or "")


class TestPeersThatAreAway:
    def test_one_that_never_answers_is_tried_again_ever_later_and_holds_up_nothing_else(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with silent_peer() as port:
            peers = f"pacs=dimse://PACS@127.0.0.1:{port},web=http://127.0.0.1:{port}/dicom-web"
            for seed in range(2):
                screened(deployment, monkeypatch, make_instance(1, SIDE, seed=seed), peers)
            for _ in range(2):
                began = time.monotonic()
                module.deliver("")
                assert time.monotonic() - began < 15
            rows = deliveries(deployment)
            assert [row.state for row in rows] == ["queued"] * 4
            assert sorted(row.tries for row in rows) == [0, 0, 1, 1]
            for row in rows:  # those that were not tried wait for the same peer too
                assert row.due_at is not None
                assert row.due_at > utc_now() - timedelta(seconds=5)
                assert "does not answer" in (row.last_problem or "")
            first = rows[0].due_at
            change(deployment, due_at=None, away_since=utc_now() - timedelta(minutes=2))
            module.deliver("")
            due = max(row.due_at for row in deliveries(deployment) if row.due_at is not None)
            assert first is not None
            assert due > utc_now() + timedelta(seconds=60)

    def test_one_that_is_away_for_a_day_fails_visibly(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screened(deployment, monkeypatch, make_instance(1, SIDE),
                 f"pacs=dimse://PACS@127.0.0.1:{free_port()}")  # fmt: skip
        module.deliver("")
        change(deployment, away_since=utc_now() - timedelta(hours=25))
        maintain()
        (row,) = deliveries(deployment)
        assert (row.state, row.error_code) == ("failed", "peer_unreachable")

    def test_a_recording_stays_until_its_answer_is_delivered(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screening_id = screened(deployment, monkeypatch, make_instance(1, SIDE),
                                f"pacs=dimse://PACS@127.0.0.1:{free_port()}")  # fmt: skip
        later = utc_now() + timedelta(days=2)
        recording_id = deployment.recording(screening_id).id
        with deployment.database.read() as session:
            assert recordings.expired(session, later) == []
        change(deployment, state="failed")
        with deployment.database.read() as session:
            assert [row.id for row in recordings.expired(session, later)] == [recording_id]
        with deployment.database.write() as session:
            recordings.mark_pixels_deleted(session, recording_id, later)
            assert not repository.came_by_dicom(session, recording_id)

    def test_a_peer_that_is_configured_no_more_is_a_failure(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screened(deployment, monkeypatch, make_instance(1, SIDE), "pacs=dimse://PACS@127.0.0.1:9")
        with_settings(monkeypatch, dicom_peers="")
        module.deliver("")
        (row,) = deliveries(deployment)
        assert (row.state, row.error_code) == ("failed", "unknown_peer")

    def test_what_was_not_sent_by_a_machine_is_delivered_only_on_demand(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(
            monkeypatch, dicom_peers="pacs=dimse://P@127.0.0.1:9", dicom_deliver_always=True
        )
        deployment.queue(to_bytes(make_instance(1, SIDE)), notify=False)
        screening_task.screen.run("")
        assert deliveries(deployment) == []
