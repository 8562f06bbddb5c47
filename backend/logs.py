"""How log lines look: structured, for people on a console or as JSON for a collector."""

import logging
import sys
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from backend.settings import Settings


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
        [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # the rich one takes seconds, and shows the values of local variables
                exception_formatter=structlog.dev.plain_traceback,
            )
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
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # Each command looks whether the database is up to date, and each time it would be told how.
    structlog.stdlib.get_logger("alembic").setLevel(logging.WARNING)


def _without_uvicorns_colours(_logger: Any, _name: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
