"""Logging, configured once for each process: an event name plus fields, pretty on a terminal, else JSON."""

import logging
import sys
from typing import Literal

import structlog


def configure(service: str, level: str = "info", format: Literal["auto", "json", "pretty"] = "auto") -> None:  # noqa: A002  # the setting's name
    """Send structlog and the standard library's loggers to standard error in one form."""
    pretty = format == "pretty" or (format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if not pretty else _unchanged,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("pika", "rstream"):  # they report every reconnection step; the services say it themselves
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    structlog.contextvars.bind_contextvars(service=service)


def _unchanged(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return event
