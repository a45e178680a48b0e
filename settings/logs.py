"""One line of JSON a log record on standard error, so that a hostile string in it can never start a line of its own.

Request ids are added by auditapp.web, which sets them on the record.
"""

import json
import logging
import re
from typing import Any

# Whoever holds such a link may join or set a password: only its beginning is written.
_SECRET_LINK = re.compile(r"(/accounts/(?:invitation|password/reset/key)/[^/\s]{4})[^/\s]+")


class JsonFormatter(logging.Formatter):
    """{"at", "level", "logger", "message"} and, where known, "request_id" and "error"."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _SECRET_LINK.sub(r"\1...", record.getMessage()),
        }
        if request_id := getattr(record, "request_id", None):
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "auditapp": {"level": "INFO"},
        # A refused host name, a wrong address or an expired form is the caller's matter, and is told to the caller.
        "django.security.DisallowedHost": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
    },
}
