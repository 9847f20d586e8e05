"""One line per event, JSON for machines or colours for a person; whatever libraries log comes the same way.

Every line carries the correlation id of the request or message it belongs to.
"""

import logging
import sys
from contextvars import ContextVar
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""What ties the lines, history rows and outbox rows of one request together; None outside of any."""

_QUIET = ("asyncio", "httpx", "httpcore", "piccolo", "uvicorn.access")
"""Libraries of which only warnings are worth a line; requests are logged by our own middleware."""


def configure(*, pretty: bool | None = None, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Set up logging for this process; calling again replaces the set-up.

    `pretty` defaults to whether the stream (standard error) is a terminal. Raises `ValueError` for a level
    that is none of `logging`'s, in capitals or not.
    """
    stream = stream or sys.stderr
    if (level := level.upper()) not in logging.getLevelNamesMapping():
        raise ValueError(f"{level!r} is not a log level")
    rendering = _rendering(pretty=stream.isatty() if pretty is None else pretty)
    structlog.configure(
        processors=[*_describing(), *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,  # modules keep their loggers across a second set-up
    )
    _configure_libraries(level, stream, rendering)


def _configure_libraries(level: str, stream: TextIO, rendering: list[Processor]) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_describing(), structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _describing() -> list[Processor]:
    return [
        _add_correlation_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _rendering(*, pretty: bool) -> list[Processor]:
    if pretty:
        return [
            structlog.dev.ConsoleRenderer(
                timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_to_json)]


def _to_json(event: EventDict, **_options: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _add_correlation_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (correlation_id := CORRELATION_ID.get()) is not None:
        event["correlation_id"] = correlation_id
    return event
