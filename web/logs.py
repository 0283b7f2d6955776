"""Logs as lines of text or of JSON, each with the id of the request that it belongs to."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from web.request_id import current_request_id

LogFormat = Literal["text", "json"]

TEXT = "%(levelname)s %(name)s %(message)s"


class JsonFormatter(logging.Formatter):
    """One JSON object a record: time, level, logger, message and request_id, or the fields it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        if fields is not None:
            return json.dumps({**line, **fields})
        line["message"] = record.getMessage()
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logs(form: LogFormat) -> None:
    """Send everything from INFO on to stderr; what other libraries say too freely is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # httpx logs whole URLs at INFO; ours carry nothing secret, but a proxy's may.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # uvicorn repeats unhandled exceptions with their words, which may hold what was submitted.
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.exc_info is None)
