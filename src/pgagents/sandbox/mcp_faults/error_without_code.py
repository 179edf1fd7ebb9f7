"""An error says that something went wrong, and no more."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"absent_id"})
ALSO: dict[str, str] = {"accepts_valid": "a conflict cannot be told from a refusal", "same_answer": "so it is compared with a success"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Put the same words in place of each error's text."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return meddle_mcp.with_text(result, "Something went wrong.") if meddle_mcp.failed(result) else result

    return meddle_mcp.results(handler, "tools/call", edit)
