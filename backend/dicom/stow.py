"""STOW-RS: the instances of one request stored one by one, and the answer that names each."""

from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from anyio import to_thread
from pydicom.dataset import Dataset

from backend.core.errors import PocovidError
from backend.dicom.instance import Identifiers, read_identifiers
from backend.dicom.receiving import (
    CANNOT_UNDERSTAND,
    MISMATCH,
    PROCESSING_FAILURE,
    Sender,
    receive,
    status_of,
)
from backend.http.services import Services
from models.media.formats import MediaError

ALL_STORED, SOME_FAILED, ALL_FAILED = 200, 202, 409
"""Status of the response (PS3.18, table 10.5.3-1)."""

log = structlog.get_logger(__name__)


async def store(
    services: Services, sender: Sender, files: AsyncIterator[Path], study: str | None
) -> tuple[int, Dataset]:
    """Store every instance that comes; each is committed before the next one is read.

    Args:
        services: the process's long-lived objects.
        sender: who sends them.
        files: the instances, each a file that may be moved or deleted.
        study: the Study Instance UID that the request names; None where it names none.

    Returns:
        The status of the response, and its Store Instances Response Module (PS3.18, annex I).

    Raises:
        PocovidError: what `files` raises; what was stored before stays stored.
    """
    stored: list[Dataset] = []
    failed: list[Dataset] = []
    async for path in files:
        reason, identifiers = await to_thread.run_sync(
            _store, services, sender, path, study, limiter=services.decode_limiter
        )
        (failed if reason else stored).append(_item(identifiers, reason))
    response = Dataset()
    if failed:
        response.FailedSOPSequence = failed
    if stored:
        response.ReferencedSOPSequence = stored
    status = ALL_STORED if not failed else SOME_FAILED if stored else ALL_FAILED
    return status, response


def _store(
    services: Services, sender: Sender, path: Path, study: str | None
) -> tuple[int, Identifiers | None]:
    """Store one instance; the reason why that failed, or 0, and what it is called."""
    identifiers = None
    try:
        identifiers = read_identifiers(path)
        if study is not None and identifiers.study != study:
            return MISMATCH, identifiers
        receive(services, sender, path)
    except (PocovidError, MediaError) as error:
        reason = CANNOT_UNDERSTAND if isinstance(error, MediaError) else status_of(error)
        log.info("dicom_instance_refused", reason=f"{reason:04X}", code=error.code)
        return reason, identifiers
    except Exception:
        log.exception("dicom_instance_failed")
        return PROCESSING_FAILURE, identifiers
    finally:
        path.unlink(missing_ok=True)
    return 0, identifiers


def _item(identifiers: Identifiers | None, reason: int) -> Dataset:
    item = Dataset()
    if identifiers is not None:
        item.ReferencedSOPClassUID = identifiers.sop_class
        item.ReferencedSOPInstanceUID = identifiers.sop_instance
    if reason:
        item.FailureReason = reason
    return item
