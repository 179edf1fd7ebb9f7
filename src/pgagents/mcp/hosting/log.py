"""Write the log as JSON lines, without arguments, answers, tokens or keys.

A caller appears as a pseudonym. An exception appears as its class and place, because its text may repeat what
was sent.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

NAME = "pgagents.mcp"
FIELDS = "fields"
"""The attribute of a log record with additional members."""


class JsonLines(logging.Formatter):
    """Format a record as a JSON object: time, level, event, and the record's own members."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            if frames:
                said["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        return json.dumps(said, ensure_ascii=True, default=str)


def write_json_lines(stream: TextIO | None = None) -> None:
    """Send the records of our loggers to a stream as JSON lines; the default is stderr."""
    logger = logging.getLogger(NAME)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def note(event: str, members: Mapping[str, Any], *, level: int = logging.INFO) -> None:
    """Log an event with the members that have a value."""
    known = {name: value for name, value in members.items() if value is not None}
    logging.getLogger(NAME).log(level, event, extra={FIELDS: known})
