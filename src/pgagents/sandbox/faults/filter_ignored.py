"""Optional filters of lists have no effect."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Forget optional choices and booleans of reads behind the validation."""
    inner = context.front.domain

    def act(call: Call) -> object:
        if call.action.effect != "read":
            return inner(call)
        filters = {
            str(p.name) for p in call.action.params
            if not p.required and "default" not in p.schema and (p.schema.get("type") == "boolean" or "enum" in p.schema)
        }  # fmt: skip
        return inner(replace(call, input={k: v for k, v in call.input.items() if k not in filters}))

    context.front.domain = act
    return handler
