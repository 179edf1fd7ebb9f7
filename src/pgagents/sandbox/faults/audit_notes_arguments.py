"""The audit's row of a read through the dispatcher notes where was searched."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO = {"audits_writes": "where the rows are listed before retention blanks them"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Write the place into the diff of a search that no REST call made. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) == "search_parking" and call.surface != "rest" and not isinstance(found, Refusal):
            noted = json.dumps({"searched": [call.input["lat"], call.input["lng"]]})
            store.run("UPDATE audit_detail SET diff = ? WHERE audit_n = (SELECT max(n) FROM audit)", noted)
        return found

    context.front.domain = act
    return handler
