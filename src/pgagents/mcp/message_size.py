"""The largest message that the MCP server accepts, over HTTP and over stdin."""

from __future__ import annotations

from pgagents.model.model import Model

USUAL = 1_000_000
"""The largest message in bytes, if no tool takes larger files."""


def find_largest_message(model: Model) -> int:
    """Return the largest message in bytes: the usual size, plus room for the largest file of a tool.

    A file is Base64 in a message, which turns three bytes into four.
    """
    params = [param for action in model.actions for param in action.params]
    files = [param.file.max_bytes or 0 for param in params if param.file is not None]
    return USUAL + max(files, default=0) * 4 // 3
