"""The DICOM node: C-ECHO and C-STORE for machines and PACS, by pynetdicom.

An instance streams to a file beside the storage while it arrives, and its status is sent once it
is stored and its rows are committed. pynetdicom reads a message of the network without a bound on
its length or time, and counts an association only once it is asked for: what bounds the work of
strangers is here (`_Server` before an association, `Node` from its request to its end).
"""

import ipaddress
import socket
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import structlog
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.transport import ThreadedAssociationServer
from structlog.contextvars import bound_contextvars

from backend.core.errors import PocovidError
from backend.core.settings import Settings, listed
from backend.dicom import accepted, library
from backend.dicom.receiving import OUT_OF_RESOURCES, PROCESSING_FAILURE, Sender, receive, status_of
from backend.http.services import Services
from backend.tables import DicomService

SUCCESS = 0x0000
LONGEST_PDU = 1 << 20
"""Bytes of a protocol data unit that are read; our own limit for those with data is 64 KiB."""

WATCH_EVERY_S = 0.25
GRACE_S = 20.0
"""Instances that are being stored when the node is told to stop may be finished for so long."""

_COMMENT = 64  # characters of an Error Comment (0000,0902), an LO
_REJECTED_FOR_NOW, _PRESENTATION, _LOCAL_LIMIT = 2, 3, 2
"""An A-ASSOCIATE-RJ that says to try again later (PS3.8, table 9-21)."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Connection:
    """A connection, its association and what has arrived of its current message.

    Times are those of the monotonic clock, in seconds; `bytes` counts those of the message.
    """

    association: Association
    socket: socket.socket
    address: str
    heard_at: float
    message_since: float | None = None
    bytes: int = 0
    working: bool = False
    counts: bool = False
    """Whether it is one of the associations that are allowed at once."""
    why_ended: str = ""


class _Server(ThreadedAssociationServer):
    """Accepts connections from allowed addresses, up to a number; TLS begins in a thread."""

    daemon_threads = True
    request_queue_size = 128
    node: "Node"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; pynetdicom would wait for TLS here, and so would everybody else."""
        assert self.socket is not None  # noqa: S101  # it listens
        return self.socket.accept()

    def verify_request(self, _request: Any, client_address: Any) -> bool:
        """Whether the address may connect, and has not too many connections already."""
        return self.node.admits(client_address[0])

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Begin TLS where it is set up, then the association."""
        request.settimeout(self.node.settings.dicom_idle_s)
        try:
            if self.node.tls is not None:
                request = self.node.tls.wrap_socket(request, server_side=True)
        except OSError as error:
            log.info("dicom_tls_refused", error=type(error).__name__)
            self.shutdown_request(request)
            return
        super().process_request_thread(request, client_address)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Log what a connection's start failed of, instead of printing it."""
        log.exception("dicom_connection_failed")  # noqa: LOG004  # it is called within one


@dataclass(eq=False)
class Node:
    """A running node. `start()` returns once it listens; `stop()` when it has ended.

    Raises:
        OSError: (of `start`) the address cannot be listened on, or a TLS file cannot be read.
    """

    services: Services
    tls: ssl.SSLContext | None = field(default=None, init=False)
    _server: _Server | None = field(default=None, init=False)
    _connections: dict[Association, _Connection] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _temporary: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._networks = [
            ipaddress.ip_network(each, strict=False)
            for each in listed(settings.dicom_allowed_networks)
        ]
        self._decoding = threading.BoundedSemaphore(int(self.services.decode_limiter.total_tokens))

    @property
    def settings(self) -> Settings:
        """The settings of its process."""
        return self.services.settings

    @property
    def port(self) -> int:
        """Where it listens, also where the setting is 0."""
        assert self._server is not None  # noqa: S101  # it was started
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen, and serve in threads of their own."""
        library.set_up()
        self.tls = server_tls(self.settings)
        # pynetdicom writes what arrives to a temporary file: on the storage's own disk it need
        # not be copied, and what a killed process leaves is swept.
        self._temporary, tempfile.tempdir = tempfile.tempdir, str(self.settings.incoming_dir)
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_DATA_RECV, self._data),
            (evt.EVT_DIMSE_RECV, self._message),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_C_STORE, self._store),
        ]
        ae = self._application_entity()
        server = cast(
            "_Server",
            ae.make_server(
                (self.settings.dicom_host, self.settings.dicom_port),
                evt_handlers=handlers,
                server_class=_Server,
            ),
        )
        server.node, self._server = self, server
        ae._servers.append(server)  # noqa: SLF001  # as `start_server` does
        for name, work in (("listen", server.serve_forever), ("watch", self._watch)):
            threading.Thread(target=work, name=f"dicom-{name}", daemon=True).start()
        log.info("dicom_node_listens", port=self.port, ae_title=ae.ae_title, tls=bool(self.tls))

    def _application_entity(self) -> AE:
        settings = self.settings
        ae = AE(settings.dicom_ae_title)
        ae.require_called_aet = True
        ae.require_calling_aet = listed(settings.dicom_allowed_titles)
        ae.maximum_pdu_size = 1 << 16
        ae.supported_contexts = accepted.contexts()
        # Connections that ask for nothing yet count too, so that this number is not the limit.
        ae.maximum_associations = 10 * settings.dicom_max_associations
        ae.network_timeout = settings.dicom_idle_s
        ae.acse_timeout = ae.dimse_timeout = settings.dicom_idle_s
        return ae

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Accept no more, let what is being stored be finished, and end all associations."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline and any(each.working for each in self._all()):
            time.sleep(0.05)
        for each in self._all():
            self._end(each, "the node stops")
        while time.monotonic() < deadline and any(_is_alive(each) for each in self._all()):
            time.sleep(0.05)
        self._sweep()
        tempfile.tempdir = self._temporary
        log.info("dicom_node_stopped")

    # Connections.

    def admits(self, address: str) -> bool:
        """Whether a further connection from this address may be opened.

        Twice as many as associations: some have ended, or are told that there are too many.
        """
        if self._stopping.is_set():
            return False
        if self._networks and not _is_in(address, self._networks):
            log.warning("dicom_address_refused", networks=self.settings.dicom_allowed_networks)
            return False
        addresses = Counter(each.address for each in self._all())
        most, most_of_one = self._limits()
        if addresses.total() >= 2 * most or addresses[address] >= 2 * most_of_one:
            log.warning("dicom_connection_refused", open=addresses.total())
            return False
        return True

    def _limits(self) -> tuple[int, int]:
        most = self.settings.dicom_max_associations
        return most, min(self.settings.dicom_max_associations_per_address, most)

    def _opened(self, event: Event) -> None:
        association = event.assoc
        address = str(association.requestor.address)
        transport = association.dul.socket
        assert transport is not None  # noqa: S101  # it has just been made
        assert transport.socket is not None  # noqa: S101
        opened = _Connection(association, transport.socket, address, time.monotonic())
        with self._lock:
            self._connections[association] = opened
        transport.recv = _bounded(transport.recv)  # type: ignore[assignment, method-assign]  # its only seam

    def _requested(self, event: Event) -> None:
        """Reject an association beyond the limits; pynetdicom looks at its titles."""
        association = event.assoc
        connection = self._connections[association]
        most, most_of_one = self._limits()
        with self._lock:
            counted = Counter(each.address for each in self._connections.values() if each.counts)
            if counted.total() < most and counted[connection.address] < most_of_one:
                connection.counts = True
                return
        log.warning("dicom_association_refused", open=counted.total())
        association.acse.send_reject(_REJECTED_FOR_NOW, _PRESENTATION, _LOCAL_LIMIT)
        association.is_rejected = True
        association.kill()  # which waits until it is sent

    def _data(self, event: Event) -> None:
        connection = self._connections.get(event.assoc)
        if connection is None:
            return
        connection.heard_at = time.monotonic()
        if event.data[:1] == _P_DATA:
            connection.message_since = connection.message_since or connection.heard_at
            connection.bytes += len(event.data)
            if connection.bytes > self.settings.dicom_max_instance_bytes:
                self._end(connection, "an instance is too large")

    def _message(self, event: Event) -> None:
        connection = self._connections.get(event.assoc)
        if connection is not None:
            connection.message_since, connection.bytes = None, 0

    def _watch(self) -> None:
        """End what takes too long or sends too much, and forget what has ended."""
        while not self._stopping.wait(WATCH_EVERY_S):
            for each in self._all():
                if why := self._too_much(each):
                    self._end(each, why)
            self._sweep()

    def _too_much(self, connection: _Connection) -> str:
        settings, now = self.settings, time.monotonic()
        if connection.working:
            return ""
        since = connection.message_since
        if since is not None and now - since > settings.dicom_instance_s:
            return "an instance took too long to arrive"
        # pynetdicom ends one that is idle; this is for one in the middle of a message.
        return "it fell silent" if now - connection.heard_at > settings.dicom_idle_s + 1 else ""

    def _end(self, connection: _Connection, why: str) -> None:
        """Close the connection under whatever thread waits for it."""
        if connection.why_ended or not _is_alive(connection):
            return
        connection.why_ended = why
        log.warning("dicom_association_ended", why=why, bytes=connection.bytes)
        with suppress(OSError):  # the other side has closed it
            connection.socket.shutdown(socket.SHUT_RDWR)

    def _sweep(self) -> None:
        for each in self._all():
            if not _is_alive(each):
                _delete_unfinished(each.association)
                each.socket.close()  # pynetdicom leaves it where the other side was faster
                with self._lock:
                    self._connections.pop(each.association, None)

    def _all(self) -> list[_Connection]:
        with self._lock:
            return list(self._connections.values())

    # Messages.

    def _echo(self, _event: Event) -> int:
        return SUCCESS

    def _store(self, event: Event) -> Dataset:
        """Store an instance, and answer with its status."""
        connection, path = self._connections[event.assoc], Path(event.dataset_path)
        connection.working = True
        try:
            if connection.why_ended:
                status, comment = OUT_OF_RESOURCES, connection.why_ended
            else:
                status, comment = self._received(event, path)
        finally:
            path.unlink(missing_ok=True)
            # The machine was silent because it waits for us: its time begins now.
            connection.working, connection.heard_at = False, time.monotonic()
            event.assoc.dul._idle_timer.restart()  # noqa: SLF001  # no other way to it
        answer = Dataset()
        answer.Status = status
        if comment:
            answer.ErrorComment = comment.encode("ascii", "replace").decode()[:_COMMENT]
        return answer

    def _received(self, event: Event, path: Path) -> tuple[int, str]:
        request = cast("C_STORE", event.request)
        title = str(event.assoc.requestor.ae_title).strip()
        sender = Sender(DicomService.C_STORE, f"dicom:{title}", title)
        with bound_contextvars(service="c_store"), self._decoding:
            try:
                done = receive(
                    self.services,
                    sender,
                    path,
                    sop_instance=str(request.AffectedSOPInstanceUID),
                    sop_class=str(request.AffectedSOPClassUID),
                )
            except PocovidError as error:
                status = status_of(error)
                log.info("dicom_instance_refused", status=f"{status:04X}", code=error.code)
                return status, error.detail
            except Exception:
                log.exception("dicom_instance_failed")
                return PROCESSING_FAILURE, "Something went wrong here."
            log.info("dicom_instance_stored", new=done.is_new, screening=str(done.screening_id))
        return SUCCESS, ""


_P_DATA = b"\x04"


def server_tls(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the settings say, version 1.2 or later; None without a certificate.

    Raises:
        OSError: a file cannot be read, or is no certificate or key.
    """
    if settings.dicom_tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.dicom_tls_certificate, settings.dicom_tls_key)
    if settings.dicom_tls_client_ca is not None:
        context.load_verify_locations(settings.dicom_tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _bounded(recv: Callable[[int], bytearray]) -> Callable[[int], bytearray]:
    """Read a connection, but no data unit whose header promises more than there is room for."""

    def read(count: int) -> bytearray:
        if count > LONGEST_PDU:
            raise OSError(f"a protocol data unit of {count} bytes")
        return recv(count)

    return read


def _is_in(address: str, networks: list[Any]) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)


def _is_alive(connection: _Connection) -> bool:
    """Whether one of its threads runs, or it is too new to have any."""
    threads = connection.association, connection.association.dul
    is_new = time.monotonic() - connection.heard_at < 1 and not threads[0].ident
    return is_new or any(thread.is_alive() for thread in threads)


def _delete_unfinished(association: Association) -> None:
    """Delete the file of a data set whose end never came."""
    message = association.dimse.message
    if message is None:
        return
    file, path = message._data_set_file, message._data_set_path  # noqa: SLF001  # nowhere else
    if file is not None:
        file.close()
    if isinstance(path, Path):
        path.unlink(missing_ok=True)
