"""The server's log: one line of JSON for each event, on standard error. It tells neither content nor secrets."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from generations.server.exchange import Exchange

LEVELS: Final = ("debug", "info", "warning", "error")

_LOG: Final = logging.getLogger("generations.server")
_ABOUT: Final = "about"
_LOGGERS: Final = ("generations", "uvicorn", "opentelemetry")


class JsonLine(logging.Formatter):
    """A record as one line of JSON: time, level and message, then what is known about it, absent values left out."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage().strip(),
        }
        about: dict[str, Any] = getattr(record, _ABOUT, {})
        line |= {name: value for name, value in about.items() if value is not None}
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = where(record.exc_info[1])
        return msgspec.json.encode(line).decode()


def where(error: BaseException) -> list[str]:
    """Where an error came from, with its causes; their messages are left out, for they may quote what a client sent."""
    told: list[str] = []
    one: BaseException | None = error
    while one is not None:
        told.append(type(one).__qualname__)
        told += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(one.__traceback__)]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return told


def configure(level: str = "info") -> None:
    """Send what the server and its HTTP library say to standard error.

    Args:
        level: the least that is told, one of `LEVELS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine())
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
    # Below a warning uvicorn tells that it starts, listens and stops, which `generations serve` says itself.
    for name in _LOGGERS[1:]:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger("generations").level))
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def request_answered(exchange: Exchange) -> None:
    """Tell of one request, once it has ended."""
    status = exchange.status or 0
    level = logging.WARNING if status == 503 else logging.ERROR if exchange.failure or status >= 500 else logging.INFO
    _LOG.log(level, "request", exc_info=exchange.failure, extra={_ABOUT: exchange.about()})


def _is_news(record: logging.LogRecord) -> bool:
    """False for failures of the application, which the line of their request has told."""
    return not record.getMessage().startswith("Exception in ASGI application")
