"""A session made through the dispatcher is stamped with another platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"attributes_calls"})
ALSO = {"audits_writes": "the audit's rows name that platform too"}


def wrap(handler: Handler, context: Context) -> Handler:
    """The first other surface's attribution."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        others = (s.attribution for s in context.model.surfaces.values() if s.attribution and s.attribution != call.attribution)
        return inner(replace(call, attribution=next(others, {})) if call.attribution else call)

    context.front.domain = act
    return handler
