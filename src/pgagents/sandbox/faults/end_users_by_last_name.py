"""Of two headers that name an end user the last one counts, so behind a gateway that sets it all users share one budget."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look at them in the other order."""
    context.front._end_users.reverse()
    return handler
