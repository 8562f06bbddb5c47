"""Sending instances to a peer: C-STORE by pynetdicom, STOW-RS by dicomweb-client."""

import ssl
from collections.abc import Sequence
from contextlib import suppress

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from backend.core.errors import PeerUnreachableError
from backend.core.settings import Settings
from backend.dicom import library
from backend.dicom.peers import DimsePeer, Peer, WebPeer

SUCCESS = 0x0000
COERCED, NO_MATCH, DISCARDED = 0xB000, 0xB007, 0xB006
"""Statuses of an instance that is stored (PS3.4, table B.2-1)."""

_STORED = (SUCCESS, COERCED, NO_MATCH, DISCARDED)
_OUT_OF_RESOURCES = 0xA7
_TOO_MANY_REQUESTS = 429


class RefusedByPeerError(Exception):
    """The peer understood what it was sent and does not want it; a sentence for people."""


def send(peer: Peer, instances: Sequence[Dataset], settings: Settings) -> None:
    """Send instances to a peer; on return it has all of them.

    Args:
        peer: where to.
        instances: each with file meta information, Explicit VR Little Endian.
        settings: our AE title, the time that a peer has to answer, and whose certificates count.

    Raises:
        PeerUnreachableError: it does not answer, ends the connection, or has no room now.
        RefusedByPeerError: it does not take them, now or later.
    """
    if isinstance(peer, WebPeer):
        _stow(peer, instances, settings)
    else:
        _c_store(peer, instances, settings)


def _c_store(peer: DimsePeer, instances: Sequence[Dataset], settings: Settings) -> None:
    association = _associate(peer, instances, settings)
    try:
        for instance in instances:
            _store_one(peer, association, instance)
    except BaseException:
        association.abort(block=False)
        raise
    association.release()


def _associate(peer: DimsePeer, instances: Sequence[Dataset], settings: Settings) -> Association:
    library.set_up()
    ae, timeout_s = AE(settings.dicom_ae_title), settings.dicom_peer_timeout_s
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = timeout_s
    for sop_class in dict.fromkeys(instance.SOPClassUID for instance in instances):
        ae.add_requested_context(sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    tls = (_client_tls(settings), peer.host) if peer.tls else None
    try:
        association = ae.associate(peer.host, peer.port, ae_title=peer.ae_title, tls_args=tls)
    except OSError as error:  # such as a name that has no address
        raise PeerUnreachableError(f"{peer.name} cannot be reached.") from error
    if association.is_established:
        # pynetdicom sends without a limit of time: a peer that stops reading would hold us up.
        transport = association.dul.socket
        if transport is not None and transport.socket is not None:
            transport.socket.settimeout(timeout_s)
        return association
    if association.is_rejected:
        raise _rejection(peer, association)
    raise PeerUnreachableError(
        f"{peer.name} does not answer: no association within {timeout_s:g} seconds."
    )


def _rejection(peer: DimsePeer, association: Association) -> Exception:
    """A rejection for now is worth another try, one for good is not (PS3.8, table 9-21)."""
    answer = association.acceptor.primitive
    if answer is not None and answer.result == 1:
        return RefusedByPeerError(
            f"{peer.name} refuses our association for good: does it know our AE title?"
        )
    return PeerUnreachableError(f"{peer.name} takes no association now.")


def _client_tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.dicom_peer_ca)
    if settings.dicom_tls_certificate is not None:  # some peers ask who we are
        context.load_cert_chain(settings.dicom_tls_certificate, settings.dicom_tls_key)
    return context


def _store_one(peer: DimsePeer, association: Association, instance: Dataset) -> None:
    try:
        status = association.send_c_store(instance).get("Status")
    except ValueError as error:
        raise RefusedByPeerError(
            f"{peer.name} takes no objects of the type {instance.SOPClassUID.name}."
        ) from error
    except RuntimeError as error:  # the association ended meanwhile
        raise PeerUnreachableError(f"{peer.name} ended the connection.") from error
    if status is None:
        raise PeerUnreachableError(f"{peer.name} did not answer what it was sent.")
    if status >> 8 == _OUT_OF_RESOURCES:
        raise PeerUnreachableError(f"{peer.name} is out of resources (status {status:04X}).")
    if status not in _STORED:
        raise RefusedByPeerError(
            f"{peer.name} refuses {instance.SOPClassUID.name} with the status {status:04X}."
        )


def _stow(peer: WebPeer, instances: Sequence[Dataset], settings: Settings) -> None:
    with requests.Session() as session:
        if peer.user is not None:
            session.auth = (peer.user, peer.password or "")
        session.trust_env = False  # neither a proxy nor a password of somebody's home
        session.verify = str(settings.dicom_peer_ca) if settings.dicom_peer_ca else True
        client = DICOMwebClient(peer.url, session=session, timeout=settings.dicom_peer_timeout_s)
        client.set_http_retry_params(retry=False)
        try:
            answer = client.store_instances(instances)
        except requests.HTTPError as error:
            raise _http_error(peer, error) from error
        except requests.RequestException as error:
            raise PeerUnreachableError(f"{peer.name} does not answer.") from error
    _check_failures(peer, answer)


def _http_error(peer: WebPeer, error: requests.HTTPError) -> Exception:
    response = error.response
    code = 0 if response is None else response.status_code
    if code >= 500 or code in (0, _TOO_MANY_REQUESTS):
        return PeerUnreachableError(f"{peer.name} answers with the status {code}.")
    if response is not None and code == 409:
        with suppress(ValueError, AttributeError, TypeError):  # else the code has to do
            answer = Dataset.from_json(response.json())
            _check_failures(peer, answer)
    return RefusedByPeerError(f"{peer.name} refuses the answer with the status {code}.")


def _check_failures(peer: WebPeer, answer: Dataset) -> None:
    reasons = [int(item.get("FailureReason") or 0) for item in answer.get("FailedSOPSequence", ())]
    if not reasons:
        return
    if all(reason >> 8 == _OUT_OF_RESOURCES for reason in reasons):
        raise PeerUnreachableError(f"{peer.name} is out of resources.")
    raise RefusedByPeerError(f"{peer.name} refuses the answer (reason {reasons[0]:04X}).")
