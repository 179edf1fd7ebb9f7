"""An argument that a tool does not have is left out without a word, and the call goes on."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Pass on only what the catalogue knows."""
    known = {str(a.name): {str(p.name) for p in a.params} for a in context.model.actions}
    return meddle_mcp.calls(handler, lambda tool, given: {k: v for k, v in given.items() if k in known.get(tool, {k})})
