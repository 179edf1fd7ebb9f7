"""In a query the word false counts as true, as it is a text that is not empty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"same_answer"})
ALSO = {"runs_workflows": "one asks with false, too", "relation": "so does what is compared with a wider search"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take every flag that a query has for true."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        queried = {str(p.name) for p in call.action.params if p.place == "query"} if call.surface == "rest" else set()
        flags = {name: True for name, value in call.input.items() if value is False and name in queried}
        return inner(replace(call, input={**call.input, **flags}))

    context.front.domain = act
    return handler
