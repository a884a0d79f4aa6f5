"""How BPS logs: structlog for its own lines and for those of libraries, JSON in production.

Every line passes `redact`, which is the last line of defence and no licence to log secrets.
"""

import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(
    r"authorization|api[-_]?key|token|secret|signature|cookie|password", re.IGNORECASE
)
# Result pages are found by a token in the path: whoever reads it in a log could open the page.
SECRET_PATHS = re.compile(r"(?<=/result/)[^/?\s]+")
QUERY_STRINGS = re.compile(r"\?\S*")
HIDDEN = "[hidden]"


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event without the values whose names look secret, at any depth."""
    hidden = {name: _redacted(name, value) for name, value in event.items()}
    if isinstance(request := hidden.get("request"), str):
        hidden["request"] = QUERY_STRINGS.sub("", SECRET_PATHS.sub(HIDDEN, request))
    return hidden


def _redacted(name: object, value: object) -> object:
    if isinstance(name, str) and SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _redacted(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(None, inner) for inner in value]
    return value


def configure_logging(*, readable: bool) -> dict[str, Any]:
    """Configure structlog and return the `LOGGING` setting: for people, or as JSON lines."""
    enrich = _enrich("%H:%M:%S" if readable else "iso")
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *enrich,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": enrich,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_render(readable=readable),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # The request middleware says the same better.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "WARNING"},
            # A sweep every few seconds is no news.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _enrich(time_format: str) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt=time_format, utc=True),
        structlog.processors.StackInfoRenderer(),
        redact,
    ]


def _render(*, readable: bool) -> Iterable[Processor]:
    if readable:
        # The default, rich's, would print the values of local variables, secrets among them.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        )
        return [renderer]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
