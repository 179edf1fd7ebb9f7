"""A flag of the first list leaves out more than what lacks it."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"relation"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave out every third thing where a flag is asked for."""
    inner, victim = context.front.domain, meddle.list_action(context.model)
    flags = {str(p.name) for p in victim.params if p.schema.get("type") == "boolean"}

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action is not victim or isinstance(found, Refusal) or not any(call.input.get(name) is True for name in flags):
            return found
        return {k: [item for i, item in enumerate(v) if i % 3 != 1] if isinstance(v, list) else v for k, v in found.items()}

    context.front.domain = act
    return handler
