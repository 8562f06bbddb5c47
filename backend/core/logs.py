"""How log lines look: structured, for people on a console or as JSON for a collector.

Whoever writes a line, it passes `backend.core.redaction` last, and a traceback has no local
variables.
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
"""Packages whose lines the level of the settings is for."""

log = structlog.get_logger(__name__)


def configure(settings: Settings) -> None:
    """Send structlog's and the libraries' lines through one renderer to standard error.

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
            structlog.processors.format_exc_info,  # the rich one shows the values of variables
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
                _without_uvicorns_colours,
                *last,
            ],
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    # The debug lines of libraries are requests with their headers, and queries with their values.
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for package in OURS:
        structlog.stdlib.get_logger(package).setLevel(level)
    logging.captureWarnings(capture=True)
    # Each command looks whether the database is up to date, and each time it would be told how.
    structlog.stdlib.get_logger("alembic").setLevel(logging.WARNING)


def catch_uncaught() -> None:
    """Have what nobody caught, in any thread of a program, written as a log line too.

    Python itself prints the exception with its message as it is.
    """

    def of_program(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("uncaught", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            log.critical("uncaught", exc_info=args.exc_value)

    def of_nobody(args: "sys.UnraisableHookArgs") -> None:
        log.error("uncaught", exc_info=args.exc_value)

    sys.excepthook = of_program
    threading.excepthook = of_thread
    sys.unraisablehook = of_nobody


def _without_uvicorns_colours(_logger: Any, _name: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
