"""The second project's lists are those of the first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"reads_back"})
ALSO = {
    "keeps_projects_apart": "a list names what it should not",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """List with the key of the project `main`."""
    inner, model = context.front.domain, context.model
    lists = {str(c.action.name) for r in model.resources.values() for c in r.listed_by}

    def act(call: Call) -> Any:
        other = call.key is not None and call.key.project == "second" and str(call.action.name) in lists
        return inner(replace(call, key=replace(call.key, project="main")) if other and call.key else call)

    context.front.domain = act
    return handler
