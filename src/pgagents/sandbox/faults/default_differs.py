"""The first list has another default in its code than in its documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"keeps_defaults"})
ALSO = {"relation": "a page that is full for the server has room by the declared default"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take three fifths of each number that is left out."""
    inner, victim = context.front.domain, meddle.list_action(context.model)

    def act(call: Call) -> Any:
        if call.action is not victim:
            return inner(call)
        left = {k: v for k, v in call.input.items() if k not in call.given and isinstance(v, int | float) and not isinstance(v, bool)}
        less = {k: max(1, int(v * 0.6)) if isinstance(v, int) else v * 0.6 for k, v in left.items()}
        return inner(replace(call, input={**call.input, **less}))

    context.front.domain = act
    return handler
