"""The node, and real machines: DCMTK's storescu, dcmsend and echoscu, and hostile sockets."""

import errno
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE, dimse_messages
from pynetdicom.dsutils import encode
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.dicom import accepted, receiving, repository
from backend.dicom.instance import data_set_sha256
from backend.storage.local import FolderStorage
from backend.tables import Screening
from tests.backend.dicom.conftest import Running
from tests.dicom_instances import (
    MULTI_FRAME,
    PATIENT,
    ULTRASOUND,
    make_certificate,
    make_instance,
    needs_programs,
    run,
    write,
)
from tests.waiting import wait_until

Start = Callable[..., Running]

SIDE = 200


def associate(node: Running, *, title: str = "WARD3", address: str = "127.0.0.1") -> Any:
    """An association with a node, from one of this machine's addresses."""
    ae = AE(title)
    ae.acse_timeout = ae.dimse_timeout = 30
    for sop_class in (ULTRASOUND, MULTI_FRAME):
        ae.add_requested_context(sop_class)
    made = ae.associate("127.0.0.1", node.port, ae_title="POCOVID", bind_address=(address, 0))
    if made.is_established:  # the socket of another one is closed by its own thread
        assert made.dul.socket is not None
        assert made.dul.socket.socket is not None
        made.dul.socket.socket.settimeout(5)  # else it sends for ever
    return made


def store(node: Running, *instances: Dataset, **how: Any) -> list[int]:
    """Statuses of instances that are sent by one association."""
    association = associate(node, **how)
    assert association.is_established
    found = [int(association.send_c_store(instance).Status) for instance in instances]
    association.release()
    return found


class TestRealMachines:
    pytestmark = needs_programs

    def test_what_a_ward_sends_is_stored_and_waits_for_its_screening(
        self, start_node: Start, tmp_path: Path
    ) -> None:
        node = start_node()
        clip = write(make_instance(30, SIDE), tmp_path / "clip.dcm")
        still = write(make_instance(1, SIDE), tmp_path / "still.dcm")
        assert node.send(clip, still).count("(Success)") == 2
        assert node.counts() == (2, 2, 2)
        for row in node.instances():
            assert (row.service, row.calling_ae_title) == ("c_store", "WARD3")
        with node.database.read() as session:
            clients = set(session.scalars(select(Screening.client)))
        assert clients == {"dicom:WARD3"}
        assert node.incoming() == []
        assert len(list(node.storage.listing("recordings"))) == 2

    def test_dcmsend_and_echoscu_are_answered(self, start_node: Start, tmp_path: Path) -> None:
        node = start_node()
        folder = tmp_path / "sent"
        folder.mkdir()
        for n in range(3):
            write(make_instance(1, SIDE, seed=n), folder / f"{n}.dcm")
        text = run("dcmsend", "-v", "-aet", "CART", "-aec", "POCOVID", "+sd",
                   "127.0.0.1", str(node.port), folder)  # fmt: skip
        assert "with status SUCCESS  : 3" in text
        run("echoscu", "-aec", "POCOVID", "127.0.0.1", str(node.port))

    def test_a_wrong_title_is_refused_for_good(self, start_node: Start) -> None:
        node = start_node()
        text = run("echoscu", "-aec", "ANYBODY", "127.0.0.1", str(node.port), code=1)
        assert "Called AE Title Not Recognized" in text

    def test_one_that_is_not_on_the_list_is_refused(
        self, start_node: Start, tmp_path: Path
    ) -> None:
        node = start_node(dicom_allowed_titles="WARD3,CART")
        still = write(make_instance(1, SIDE), tmp_path / "still.dcm")
        assert "Calling AE Title Not Recognized" in node.send(still, title="STRANGER", code=1)
        assert node.counts() == (0, 0, 0)
        node.send(still)
        assert node.counts() == (1, 1, 1)

    def test_what_is_no_ultrasound_has_no_presentation_context(
        self, start_node: Start, tmp_path: Path
    ) -> None:
        node = start_node()
        tomography = make_instance(1, SIDE, SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
        text = node.send(write(tomography, tmp_path / "ct.dcm"), code=None)
        assert "No presentation context" in text
        assert node.counts() == (0, 0, 0)

    def test_tls_and_certificates_of_machines(self, start_node: Start, tmp_path: Path) -> None:
        certificate, secret = make_certificate(tmp_path)
        node = start_node(
            dicom_tls_certificate=certificate, dicom_tls_key=secret, dicom_tls_client_ca=certificate
        )
        echo = ("echoscu", "-aec", "POCOVID", "127.0.0.1", str(node.port))
        run(*echo, code=1)
        trusted = ("+cf", str(certificate))
        run(*echo, "+tla", *trusted, code=1)
        run(*echo, "+tls", str(secret), str(certificate), *trusted)

    def test_one_that_hangs_in_the_handshake_keeps_nobody_waiting(
        self, start_node: Start, tmp_path: Path
    ) -> None:
        certificate, secret = make_certificate(tmp_path)
        node = start_node(dicom_tls_certificate=certificate, dicom_tls_key=secret)
        with socket.create_connection(("127.0.0.1", node.port)):
            run("echoscu", "-aec", "POCOVID", "127.0.0.1", str(node.port), "+tla",
                "+cf", str(certificate))  # fmt: skip

    def test_a_killed_node_loses_nothing_that_it_has_answered(
        self, start_command: Start, tmp_path: Path
    ) -> None:
        node = start_command()
        files = [write(make_instance(20, SIDE, seed=n), tmp_path / f"{n}.dcm") for n in range(8)]
        texts: list[str] = []
        sending = threading.Thread(target=lambda: texts.append(node.send(*files, code=None)))
        sending.start()
        wait_until(lambda: node.counts()[0] >= 2, 60, 0.01)
        assert node.process is not None
        node.process.kill()
        sending.join()
        answered = texts[0].count("(Success)")
        assert 0 < answered <= node.counts()[0] < len(files)
        again = start_command()
        assert again.send(*files).count("(Success)") == len(files)
        assert again.counts() == (8, 8, 8)
        assert len(list(again.storage.listing("recordings"))) >= 8
        assert again.process is not None
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(30) == 0


class TestTheSameInstance:
    def test_again_with_the_same_bytes_is_accepted_and_not_screened_twice(
        self, start_node_anywhere: Start
    ) -> None:
        node, instance = start_node_anywhere(), make_instance(1, SIDE)
        assert store(node, instance, instance) == [0, 0]
        assert store(node, instance, title="CART") == [0]
        assert node.counts() == (1, 1, 1)

    def test_with_other_bytes_is_refused_and_the_first_one_stays(
        self, start_node_anywhere: Start, tmp_path: Path
    ) -> None:
        node, instance = start_node_anywhere(), make_instance(1, SIDE)
        assert store(node, instance) == [0]
        other = make_instance(1, SIDE, seed=1, SOPInstanceUID=instance.SOPInstanceUID)
        assert store(node, other) == [receiving.OTHER_CONTENT]
        (row,) = node.instances()
        assert row.study_instance_uid == instance.StudyInstanceUID
        assert node.counts() == (1, 1, 1)
        assert len(list(node.storage.listing("recordings"))) == 1
        assert node.incoming() == []

    def test_by_eight_associations_at_once_is_stored_once(self, start_node_anywhere: Start) -> None:
        # One that has ended may still be counted when the last one asks.
        node = start_node_anywhere(dicom_max_associations_per_address=16)
        instance = make_instance(5, SIDE)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: store(node, instance), range(8)))
        assert found == [[0]] * 8
        assert node.counts() == (1, 1, 1)
        assert len(list(node.storage.listing("recordings"))) == 1

    def test_whose_bytes_were_lost_is_stored_anew(self, start_node_anywhere: Start) -> None:
        node, instance = start_node_anywhere(), make_instance(1, SIDE)
        store(node, instance)
        for stored in list(node.storage.listing("recordings")):
            node.storage.delete(stored.key)
        assert store(node, instance) == [0]
        assert node.counts() == (1, 1, 1)
        assert len(list(node.storage.listing("recordings"))) == 1


class TestWhatCannotBeStored:
    @pytest.mark.parametrize(
        "error", [StorageFullError("The storage is full."), StorageUnreachableError("It is away.")]
    )
    def test_a_storage_that_is_full_or_away_is_out_of_resources(
        self, error: Exception, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = start_node()

        def put(*_: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(FolderStorage, "put", put)
            assert store(node, make_instance(1, SIDE)) == [receiving.OUT_OF_RESOURCES]
        assert node.counts() == (0, 0, 0)
        assert node.incoming() == []

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_a_disk_that_is_full_in_the_middle_ends_the_association_and_leaves_nothing(
        self, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node, instance = start_node(dicom_idle_s=5), make_instance(20, SIDE)

        def full(**how: Any) -> Any:
            file = NamedTemporaryFile(**how)  # noqa: SIM115  # the node closes it
            write, room = file.write, [100_000]

            def write_some(content: bytes) -> int:
                room[0] -= len(content)
                if room[0] < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return write(content)

            file.write = write_some  # type: ignore[assignment, method-assign]  # as a full disk
            return file

        with monkeypatch.context() as patch:
            patch.setattr(dimse_messages, "NamedTemporaryFile", full)
            association = associate(node)
            assert "Status" not in association.send_c_store(instance)
            wait_until(lambda: node.incoming() == [], 20)
        assert node.counts() == (0, 0, 0)
        assert store(node, instance) == [0]

    def test_a_disk_with_too_little_room_is_out_of_resources(self, start_node: Start) -> None:
        node = start_node(min_free_bytes=1 << 60)
        assert store(node, make_instance(1, SIDE)) == [receiving.OUT_OF_RESOURCES]
        assert node.incoming() == []

    def test_a_database_that_is_away_is_out_of_resources(
        self, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node, instance = start_node(), make_instance(1, SIDE)
        for lost in ("instance_by_uid", "add_instance"):

            def away(*_: object) -> None:
                raise OperationalError("SELECT", {}, Exception("away"))

            with monkeypatch.context() as patch:
                patch.setattr(repository, lost, away)
                assert store(node, instance) == [receiving.OUT_OF_RESOURCES]
        assert node.counts() == (0, 0, 0)
        assert list(node.storage.listing("recordings")) == []
        assert store(node, instance) == [0]

    def test_a_full_queue_is_out_of_resources(self, start_node: Start) -> None:
        node = start_node(max_queued_per_client=1)
        first, second = make_instance(1, SIDE), make_instance(1, SIDE, seed=1)
        assert store(node, first, second) == [0, receiving.OUT_OF_RESOURCES]
        assert store(node, second, title="CART") == [0]
        assert len(list(node.storage.listing("recordings"))) == 2

    def test_what_cannot_be_read_is_not_understood_and_no_comment_names_a_patient(
        self, start_node: Start
    ) -> None:
        node = start_node()
        short = make_instance(10, SIDE)
        short.PixelData = short.PixelData[:1000]
        association = associate(node)
        answer = association.send_c_store(short)
        association.release()
        assert answer.Status in (receiving.CANNOT_UNDERSTAND, receiving.NOT_SUPPORTED)
        assert answer.ErrorComment
        assert PATIENT.split("^")[0] not in answer.ErrorComment
        assert node.counts() == (0, 0, 0)

    def test_another_instance_than_the_request_names_is_a_mismatch(self, start_node: Start) -> None:
        node, instance = start_node(), make_instance(1, SIDE)
        association = associate(node)
        send = association.dimse.send_msg

        def send_another(request: Any, context_id: int) -> None:
            request.AffectedSOPInstanceUID = "1.2.3"
            send(request, context_id)

        association.dimse.send_msg = send_another
        assert association.send_c_store(instance).Status == receiving.MISMATCH
        association.release()
        assert node.counts() == (0, 0, 0)

    def test_what_nobody_expected_is_a_failure_and_the_node_goes_on(
        self, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node, instance = start_node(), make_instance(1, SIDE)

        def breaks(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(receiving, "data_set_sha256", breaks)
            assert store(node, instance) == [receiving.PROCESSING_FAILURE]
        assert store(node, instance) == [0]


def _ends(connection: socket.socket) -> bool:
    """Whether the other side ends the connection, one way or the other."""
    try:
        while connection.recv(100):
            pass
    except ConnectionResetError:
        return True
    return True


def _drip(send: Callable[[], object]) -> None:
    """Send something ten times a second, for twenty seconds."""
    for _ in range(200):
        send()
        time.sleep(0.1)


def data_unit(association: Any, content: bytes) -> bytes:
    """A P-DATA-TF with a fragment of a C-STORE's data set, after its command where none was sent.

    As PS3.8, table 9-22, and PS3.7, annex E, have them.
    """
    context = association.accepted_contexts[0]
    units = b""
    if not hasattr(association, "began"):
        association.began = True
        command = Dataset()
        command.AffectedSOPClassUID = context.abstract_syntax
        command.CommandField, command.MessageID, command.Priority = 1, 1, 0
        command.CommandDataSetType = 1
        command.AffectedSOPInstanceUID = "1.2.3"
        encoded = encode(command, is_implicit_vr=True, is_little_endian=True)
        assert encoded is not None
        length = struct.pack("<HHLL", 0, 0, 4, len(encoded))
        units = _unit(context.context_id, 3, length + encoded)
    return units + _unit(context.context_id, 0, content)


def _unit(context_id: int, control: int, content: bytes) -> bytes:
    item = struct.pack(">LBB", len(content) + 2, context_id, control) + content
    return b"\x04\x00" + struct.pack(">L", len(item)) + item


class TestBounds:
    def test_200_associations_at_once_do_not_starve_others(self, start_node: Start) -> None:
        node = start_node(dicom_max_associations=8, dicom_max_associations_per_address=4)
        greedy = [socket.socket() for _ in range(200)]
        try:
            for each in greedy:
                each.bind(("127.0.0.2", 0))
                each.settimeout(10)
                each.connect(("127.0.0.1", node.port))
            began = time.monotonic()
            assert store(node, make_instance(1, SIDE)) == [0]
            assert time.monotonic() - began < 10
        finally:
            for each in greedy:
                each.close()

    def test_associations_beyond_the_limit_are_told_to_come_again(self, start_node: Start) -> None:
        node = start_node(dicom_max_associations=3, dicom_max_associations_per_address=2)
        held = [associate(node), associate(node)]
        refused = associate(node)
        assert [each.is_established for each in (*held, refused)] == [True, True, False]
        assert refused.is_rejected
        assert refused.acceptor.primitive.result == 2
        other = associate(node, address="127.0.0.2")
        assert other.is_established
        for each in (*held, other):
            each.release()
        wait_until(lambda: associate(node).is_established, 20)

    def test_only_addresses_on_the_list_may_connect(self, start_node: Start) -> None:
        node = start_node(dicom_allowed_networks="127.0.0.2/32,10.0.0.0/8")
        assert not associate(node).is_established
        assert associate(node, address="127.0.0.2").is_established

    def test_one_that_connects_and_says_nothing_is_closed(self, start_node: Start) -> None:
        node = start_node(dicom_idle_s=0.5)
        with socket.create_connection(("127.0.0.1", node.port)) as silent:
            silent.settimeout(15)
            assert _ends(silent)

    def test_one_that_waits_for_its_status_is_not_idle(
        self, start_node: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = start_node(dicom_idle_s=0.5)

        def slowly(path: Path) -> str:
            time.sleep(2)
            return data_set_sha256(path)

        monkeypatch.setattr(receiving, "data_set_sha256", slowly)
        assert store(node, make_instance(1, SIDE), make_instance(1, SIDE, seed=1)) == [0, 0]

    def test_one_that_sends_slowly_for_ever_is_ended(self, start_node: Start) -> None:
        node = start_node(dicom_idle_s=2, dicom_instance_s=1.5)
        association = associate(node)
        transport = association.dul.socket.socket
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011  # whichever way the connection ends
            _drip(lambda: transport.sendall(data_unit(association, b"\x00" * 100)))
        assert time.monotonic() - began < 15
        wait_until(lambda: node.incoming() == [], 20)
        association.abort(block=False)
        assert node.counts() == (0, 0, 0)

    def test_one_that_drips_a_unit_is_ended(self, start_node: Start) -> None:
        node = start_node(dicom_idle_s=1, dicom_instance_s=60)
        with socket.create_connection(("127.0.0.1", node.port)) as dripping:
            began = time.monotonic()
            dripping.sendall(b"\x01\x00" + struct.pack(">L", 500))
            with pytest.raises(OSError):  # noqa: PT011  # whichever way the connection ends
                _drip(lambda: dripping.sendall(b"\x00"))
            assert time.monotonic() - began < 15

    def test_an_instance_beyond_the_limit_is_ended_and_leaves_nothing(
        self, start_node: Start
    ) -> None:
        node = start_node(dicom_max_instance_bytes=1_000_000)
        association = associate(node)
        answer = association.send_c_store(make_instance(200, 400))
        assert "Status" not in answer
        wait_until(lambda: node.incoming() == [], 20)
        assert node.counts() == (0, 0, 0)
        assert store(node, make_instance(1, SIDE)) == [0]

    def test_a_unit_that_promises_gigabytes_is_not_waited_for(self, start_node: Start) -> None:
        node = start_node()
        with socket.create_connection(("127.0.0.1", node.port)) as liar:
            liar.settimeout(15)
            liar.sendall(b"\x01\x00" + struct.pack(">L", 0xFFFFFFFF) + b"\x00" * 1000)
            assert _ends(liar)

    def test_transfer_syntaxes_of_the_list_are_accepted_in_their_order(
        self, start_node: Start
    ) -> None:
        node = start_node()
        ae = AE("WARD3")
        ae.add_requested_context(ULTRASOUND, [ImplicitVRLittleEndian, JPEGBaseline8Bit])
        association = ae.associate("127.0.0.1", node.port, ae_title="POCOVID")
        (context,) = association.accepted_contexts
        assert context.transfer_syntax == [JPEGBaseline8Bit]
        association.release()
        assert len(accepted.contexts()) == len(accepted.ULTRASOUND) + 1
