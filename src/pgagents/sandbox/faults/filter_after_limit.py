"""A flag of the first list leaves things out of the page instead of the search, so that pages come back short."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"relation"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Search without the flag, and leave out afterwards."""
    inner, victim = context.front.domain, meddle.list_action(context.model)
    flags = {str(p.name) for p in victim.params if p.schema.get("type") == "boolean"}

    def act(call: Call) -> Any:
        wanted = {name for name in flags if call.action is victim and call.input.get(name) is True}
        found = inner(replace(call, input={**call.input, **dict.fromkeys(wanted, False)}))
        if wanted and not isinstance(found, Refusal):
            kept = {k: [i for i in v if all(i.get(f) is True for f in wanted)] for k, v in found.items() if isinstance(v, list)}
            return {**found, **kept}
        return found

    context.front.domain = act
    return handler
