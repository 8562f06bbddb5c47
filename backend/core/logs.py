"""How log lines look: structured, for people on a console or as JSON for a collector.

Every line passes through `backend.core.redaction` last, and tracebacks hold no local variables.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, Processor

from backend.core.redaction import redact_line
from backend.core.settings import Settings

OURS = ("backend", "worker", "models", "migrations")
"""Packages whose log level is the one of the settings."""

log = structlog.get_logger(__name__)


def configure(settings: Settings) -> None:
    """Send lines of structlog and of libraries through one renderer to standard error.

    Values bound by `structlog.contextvars` (request id, recording id) are on every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            redact_line,
            structlog.processors.JSONRenderer(),
        ]
        if settings.log_format == "json"
        else [
            structlog.processors.format_exc_info,  # rich tracebacks show the values of variables
            redact_line,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_uvicorn_colours,
                *last,
            ],
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    # At debug level, libraries log requests with their headers and queries with their values.
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for package in OURS:
        structlog.stdlib.get_logger(package).setLevel(level)
    logging.captureWarnings(capture=True)
    # Alembic would log its setup at every start, since each command checks for migrations.
    structlog.stdlib.get_logger("alembic").setLevel(logging.WARNING)


def log_uncaught_exceptions() -> None:
    """Write uncaught exceptions of any thread as log lines, so that they are redacted.

    Python itself would print the exception with its message as it is.
    """

    def in_main_thread(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("uncaught_exception", exc_info=(kind, error, trace))

    def in_other_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            log.critical("uncaught_exception", exc_info=args.exc_value)

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        log.error("uncaught_exception", exc_info=args.exc_value)

    sys.excepthook = in_main_thread
    threading.excepthook = in_other_thread
    sys.unraisablehook = unraisable


def _drop_uvicorn_colours(_logger: Any, _name: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
