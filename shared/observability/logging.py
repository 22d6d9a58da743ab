"""Structured logs: named fields only; no cookie, body, name or title ever.

What libraries log goes through the same sieve: where it was said and the fixed part of what was said, never the values,
since a library's message may quote a statement's parameters or a queue message's content.
"""

import logging
import sys
from types import TracebackType
from typing import Any

import msgspec
import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request_id", "tenant", "province", "role", "method", "route", "status",
        "seconds", "task", "import_id", "chunk", "rows", "error", "exception", "job", "due", "attempt", "code",
        "queue", "port", "count", "kind", "outbox_id", "logger", "place",
    }
)  # fmt: skip

_OURS = frozenset({"services", "tenants", "shared", "deploy", "tests"})


def _only_named(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Drop every field that is not on the list, so that a careless log call leaks nothing."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def _traceback_without_values(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Where an exception came from, without its message: messages quote data."""
    info = event.pop("exc_info", None)
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info:
        kind, _error, trace = info if isinstance(info, tuple) else sys.exc_info()
        event["error"] = kind.__name__ if kind else "?"
        event["exception"] = _places(trace)
    return event


def _places(trace: TracebackType | None) -> str:
    """Innermost first: where it was raised, and the last eight of our own frames."""
    ours: list[str] = []
    place = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        place = f"{module}:{trace.tb_lineno}"
        if module.partition(".")[0] in _OURS:
            ours.append(place)
        trace = trace.tb_next
    inner = [place] if place and ours[-1:] != [place] else []
    return " < ".join([*inner, *reversed(ours[-8:])])


def _json(event: dict[str, Any], **_: Any) -> str:
    """One line; what JSON has no form for, as Python shows it. There is a line for every request, hence msgspec."""
    return msgspec.json.encode(event, enc_hook=repr).decode()


class _Sieve(logging.Handler):
    """Hands a library's record on as a structured line: its template if it has one, its place always."""

    def emit(self, record: logging.LogRecord) -> None:
        # Without arguments the text may have been put together beforehand, values and all.
        said = record.msg if record.args and isinstance(record.msg, str) else "library.message"
        structlog.get_logger().log(
            record.levelno,
            said,
            logger=record.name,
            place=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


def configure_logging(level: int = logging.INFO) -> None:
    """JSON lines on standard error, for web, worker and command line alike."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traceback_without_values,
            _only_named,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Sieve()], force=True)
