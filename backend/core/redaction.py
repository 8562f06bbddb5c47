"""Redaction of log lines: credentials, addresses, file names and values of rows.

Our own lines refer to things by id. Messages of exceptions and lines of libraries do not: they
quote URLs, headers, parameters and paths. So every line passes through here last.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from structlog.types import EventDict

HIDDEN: Final = "[hidden]"

_SECRET_NAMES = re.compile(
    r"(?:^|[_\-. ])(?:authorization|cookie|csrf|credentials?|password|passwd|secret|signature|token"
    r"|(?:api|access|client|private|secret)[_-]?key|e?mail|file[_-]?name|patient|pseudonym"
    r"|params|parameters)(?:$|[_\-. ])",
    re.IGNORECASE,
)
"""Names whose values are always hidden, such as `set_cookie` and `file_name`."""

_MEDIA = (
    "mp4|m4v|mov|qt|avi|mkv|webm|wmv|asf|mpe?g|mts|m2ts|vob|3gp|ts|flv|ogv|png|apng|jpe?g|jfif|gif|webp"
    "|tiff?|bmp|heic|heif|avif|dcm|dicom|nii|csv|tsv|xlsx?|ods|zip|gz|tgz|7z|rar|pdf|docx?"
)
"""Extensions of the files that people send."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host, whatever the scheme. The password may hold a slash or an "at".
    (re.compile(r"\b([a-z][a-z0-9+.\-]*://)[^\s'\"<>]*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    # Authorization: Bearer …, Cookie: a=b; c=d, as headers, in dictionaries and in byte strings
    (
        re.compile(
            r"\b((?:proxy-)?authorization|(?:set-)?cookie|x-csrf-token|x-api-key|x-amz-security-token)"
            r"(['\"]?\s*[:=,]\s*)(?:b?'[^']*'|b?\"[^\"]*\"|[^\r\n'\"]*)",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"\b(Bearer|Basic|AWS4-HMAC-SHA256)\s+[^\r\n'\"]+"), rf"\1 {HIDDEN}"),
    # password=…, token: …, in queries, connection strings, dictionaries and assignments
    (
        re.compile(
            r"([\w\-]*(?:password|passwd|secret|csrf|pocovid_session|sessionid|token|signature|credential|apikey|api_key"
            r"|access_?key(?:id)?|(?:secret|client|private)_?key)['\"]?\s*(?:=|:(?!\d)\s?)\s*)"
            r"(?!\[hidden)(b?'[^']*'|b?\"[^\"]*\"|[^\s,;&'\")\]}]+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # secrets that this service makes: API tokens, sessions and links (256 bits as text)
    (re.compile(r"\bpocovid_[A-Za-z0-9_\-]{8,}"), f"pocovid_{HIDDEN}"),
    (
        re.compile(
            r"(?<![A-Za-z0-9_\-])(?=[A-Za-z0-9_\-]*[A-Z])(?=[A-Za-z0-9_\-]*[a-z])"
            r"[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])"
        ),
        HIDDEN,
    ),
    (re.compile(r"(/(?:password-resets|reset)/)[^/\s'\"?]+"), rf"\1{HIDDEN}"),
    # CSRF tokens, keyed hashes of patients, digests of secrets; not storage keys
    (re.compile(r"(?<![0-9A-Za-z/])[0-9a-f]{64}(?![0-9A-Za-z\-])"), HIDDEN),
    # values quoted by the database and by pydantic
    (re.compile(r"\[parameters: .*?\](?=\s|$)", re.DOTALL), f"[parameters: {HIDDEN}]"),
    (re.compile(r"\b(DETAIL|CONTEXT):.*"), rf"\1: {HIDDEN}"),
    (re.compile(r"input_value=.*?(?=, input_type=|\]$)", re.DOTALL), f"input_value={HIDDEN}"),
    # addresses
    (re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"), HIDDEN),
)

_NAMES = re.compile(
    rf"'[^'\n]*?\.(?:{_MEDIA})'|\"[^\"\n]*?\.(?:{_MEDIA})\"|[^\s'\"(),;=]+\.(?:{_MEDIA})(?![\w.])",
    re.IGNORECASE,
)
_STORAGE_KEY = re.compile(rf"['\"]?(?:[a-z0-9\-]+/)*[0-9a-f\-]*{_UUID}[a-z0-9./\-]*['\"]?")
"""Storage keys, which consist of ids and hashes."""


class NotRedacted(str):
    """Text that a log line shows as it is, because there is no other way to it.

    The only case is a mail while no mail server is configured.
    """

    __slots__ = ()


def redact(text: str) -> str:
    """The text without credentials, addresses, values of rows, and names of uploaded files."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _NAMES.sub(_hide_file_name, text)


def redact_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Structlog processor that redacts every value of the line, tracebacks included."""
    return {name: _value(name, value) for name, value in event.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, NotRedacted) or value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _value(str(key), item) for key, item in value.items()}
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str | bytes):
        key = value[0] if isinstance(value[0], str) else value[0].decode(errors="replace")
        return [
            redact(key),
            _value(key, value[1]),
        ]  # a header, as servers and clients represent them
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(name, item) for item in value]
    return redact(repr(value) if isinstance(value, bytes) else str(value))


def _hide_file_name(match: re.Match[str]) -> str:
    if _STORAGE_KEY.fullmatch(match[0]):
        return match[0]
    quote = match[0][0] if match[0][0] in "'\"" else ""
    return f"{quote}{HIDDEN}.{match[0].strip(quote or None).rpartition('.')[2]}{quote}"
