"""A live key sees what was made with test keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"keeps_modes_apart"})
ALSO = {
    "keeps_projects_apart": "the live key belongs to a project of its own",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Read with the first project's test key."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        live = call.key is not None and call.key.mode == "live" and call.action.effect == "read"
        return inner(replace(call, key=replace(call.key, project="main", mode="test")) if live and call.key else call)

    context.front.domain = act
    return handler
