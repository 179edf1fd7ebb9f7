"""A list is cut to its limit before it is sorted, so that not the first ones are told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Domain, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"relation"})
ALSO: dict[str, str] = {}

_SORTED = re.compile(r'sorted_by\(response\.(\w+), "(\w+)"\)')


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut what the action can find at most in the order of ids, and sort that."""
    inner: Domain = context.front.domain

    def act(call: Call) -> Any:
        counts = (call.action.param(r.widen) for r in call.action.relations)
        relations = [str(p.name) for p in counts if p is not None and p.schema.get("type") == "integer"]
        orders = [m for law in call.action.laws if (m := _SORTED.fullmatch(law.that.text)) is not None]
        if not relations or not orders:
            return inner(call)
        name, most = orders[0][1], call.input[relations[0]]
        found = inner(replace(call, input={**call.input, relations[0]: 1000}))
        if isinstance(found, Refusal):
            return found
        first = sorted(found[name], key=lambda item: str(item["id"]))[:most]
        return {**found, name: sorted(first, key=lambda item: float(item[orders[0][2]]))}

    context.front.domain = act
    return handler
