"""Structured logs: named fields only; no cookie, body, name or title ever."""

import logging
import sys

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "tenant", "province", "role", "method", "route", "status",
        "seconds", "task", "import_id", "chunk", "rows", "error", "exception", "job", "due", "attempt", "code",
        "queue", "port", "count", "kind", "outbox_id",
    }
)  # fmt: skip


def _only_named(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Drop every field that is not on the list, so that a careless log call leaks nothing."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def _traceback_without_values(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Where an exception came from, without its message: messages quote data."""
    info = event.pop("exc_info", None)
    if info:
        kind, _error, trace = info if isinstance(info, tuple) else sys.exc_info()
        places = []
        while trace is not None:
            frame = trace.tb_frame
            places.append(f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["error"] = kind.__name__ if kind else "?"
        event["exception"] = " < ".join(reversed(places[-8:]))
    return event


def configure_logging(level: int = logging.INFO) -> None:
    """JSON lines on standard error, for web, worker and command line alike."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traceback_without_values,
            _only_named,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")
