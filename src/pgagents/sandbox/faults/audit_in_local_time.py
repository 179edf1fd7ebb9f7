"""The audit tells its times as the server's zone has them, everything else tells UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}
_ZONE = timezone(timedelta(hours=-6))


def wrap(handler: Handler, context: Context) -> Handler:
    """The same moment with another offset. Park Graph's rows."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) != "list_audit" or isinstance(found, Refusal):
            return found
        return {"rows": [{**row, "at": datetime.fromisoformat(row["at"]).astimezone(_ZONE).isoformat()} for row in found["rows"]]}

    context.front.domain = act
    return handler
