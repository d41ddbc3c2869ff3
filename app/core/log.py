"""Structured logging: one line an event, JSON where a machine reads it, with the request id on every line.

Nothing personal is logged: no bodies, no query strings, no addresses, no header values.
"""

import logging
import sys
from typing import Any

import structlog

from app.core.settings import Settings

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Lines:
    """Writes a line to standard error: our own lines need nothing of the standard library's way, which takes as long
    again as all the rest of a line."""

    def msg(self, line: str) -> None:
        """Write it whole, so that lines of two threads never mix."""
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = msg


def configure(settings: Settings) -> None:
    """Send every log line, the libraries' own included, in one form to standard error."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=lambda *_: Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.log_level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak of what is wrong and of nothing else: at `debug`, a database driver would log every value.
    root.setLevel(max(LEVELS[settings.log_level], logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "httpx"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
