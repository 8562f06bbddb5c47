"""The error tree: every error this application answers with.

PocovidError                      a sentence for people, with a code for programs
├── NotSignedInError              401  not_signed_in, token_not_valid
├── ForbiddenError                403  forbidden, csrf, role_needed, scope_needed, sign_in_needed
├── NotFoundError                 404  not_found
├── ConflictError                 409  conflict
├── GoneError                     410  gone
├── RefusedError                       what was sent cannot be used
│   ├── BadRequestError           400  bad_request
│   ├── UploadTimeoutError        408  upload_timeout
│   ├── FileTooLargeError         413  file_too_large
│   ├── UnsupportedTypeError      415  unsupported_type
│   ├── InvalidInputError         422  invalid_input, missing_file, empty_file
│   └── BadRecordingError         422  a code of models.media.sampling.MediaError
├── RateLimitedError              429  rate_limited
├── UnavailableError              503  unavailable
│   ├── QueueFullError            503  queue_full
│   ├── DrainingError             503  draining
│   ├── DatabaseUnreachableError  503  database_unreachable
│   ├── StorageUnreachableError   503  storage_unreachable
│   └── PeerUnreachableError      503  peer_unreachable
└── StorageFullError              507  storage_full
"""

from typing import Any, ClassVar


class PocovidError(Exception):
    """An error that is shown to people: one sentence, and what programs need besides.

    `extras` (plain JSON values, such as limit, received, retry_after_s) become members of the
    problem document.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, *, code: str | None = None, **extras: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.extras = extras

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the response: Retry-After where the caller should try again."""
        seconds = self.extras.get("retry_after_s")
        return {} if seconds is None else {"Retry-After": str(seconds)}

    def to_problem(self) -> dict[str, Any]:
        """The problem document of RFC 9457, as plain JSON values."""
        return {
            "type": f"urn:pocovid:problem:{self.code.replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.extras,
        }


class NotSignedInError(PocovidError):
    """An account is needed, and the request has no valid session or token."""

    status = 401
    title = "Please sign in"
    default_code = "not_signed_in"

    @property
    def headers(self) -> dict[str, str]:
        """Name the accepted scheme, which HTTP requires of a 401."""
        return super().headers | {"WWW-Authenticate": "Bearer"}


class ForbiddenError(PocovidError):
    """The account is not allowed to do this."""

    status = 403
    title = "Not allowed"
    default_code = "forbidden"


class NotFoundError(PocovidError):
    """It does not exist, or no longer."""

    status = 404
    title = "Not found"
    default_code = "not_found"


class ConflictError(PocovidError):
    """The thing exists, but its state does not allow this."""

    status = 409
    title = "Not possible in this state"
    default_code = "conflict"


class GoneError(PocovidError):
    """It existed once: pixels deleted after the retention time, or a link that has expired."""

    status = 410
    title = "No longer available"
    default_code = "gone"


class RefusedError(PocovidError):
    """What was sent cannot be used."""


class BadRequestError(RefusedError):
    """The request itself is malformed."""

    status = 400
    title = "The request is malformed"
    default_code = "bad_request"


class UploadTimeoutError(RefusedError):
    """The sender stopped sending in the middle of an upload."""

    status = 408
    title = "The upload stopped"
    default_code = "upload_timeout"


class FileTooLargeError(RefusedError):
    """The file is over the limit."""

    status = 413
    title = "The file is too large"
    default_code = "file_too_large"


class UnsupportedTypeError(RefusedError):
    """The content is of an unsupported type, whatever the file name says."""

    status = 415
    title = "This type of file is not supported"
    default_code = "unsupported_type"


class InvalidInputError(RefusedError):
    """A field is missing or has a value that is not allowed."""

    status = 422
    title = "The input is not valid"
    default_code = "invalid_input"


class BadRecordingError(RefusedError):
    """The type is right, but the recording cannot be screened; the code says why."""

    status = 422
    title = "This recording cannot be used"
    default_code = "unreadable_file"


class RateLimitedError(PocovidError):
    """This client has sent too much in the last minute."""

    status = 429
    title = "Too many requests"
    default_code = "rate_limited"


class UnavailableError(PocovidError):
    """The service cannot answer now."""

    status = 503
    title = "The service is not available"
    default_code = "unavailable"


class QueueFullError(UnavailableError):
    """The maximum number of screenings is waiting already."""

    title = "The queue is full"
    default_code = "queue_full"


class DrainingError(UnavailableError):
    """The service accepts no new work because it is about to stop."""

    title = "The service is shutting down"
    default_code = "draining"


class DatabaseUnreachableError(UnavailableError):
    """The database cannot be reached, or ended the connection in the middle of a transaction."""

    title = "The database is not available"
    default_code = "database_unreachable"


class StorageUnreachableError(UnavailableError):
    """The storage cannot be reached or answers with an error."""

    title = "The storage is not available"
    default_code = "storage_unreachable"


class PeerUnreachableError(UnavailableError):
    """A DICOM peer cannot be reached, does not answer, or takes nothing now."""

    title = "The peer is not available"
    default_code = "peer_unreachable"


class StorageFullError(PocovidError):
    """There is no space left for another file."""

    status = 507
    title = "The storage is full"
    default_code = "storage_full"
