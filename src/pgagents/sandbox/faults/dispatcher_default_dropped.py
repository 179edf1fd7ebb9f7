"""The dispatcher fills in other defaults than REST does."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"same_answer"})
ALSO: dict[str, str] = {
    "law": "a default that a law reads is not the declared one",
    "relation": "a page that is full for the server has room by the declared default",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Halve every numeric default on the dispatcher, the least whole number being one."""
    inner = context.front.domain

    def act(call: Call) -> object:
        if call.surface == "rest":
            return inner(call)
        changed = {
            k: max(1, v // 2) if isinstance(v, int) and not isinstance(v, bool) else v / 2 if isinstance(v, float) else v
            for k, v in call.input.items()
            if k not in call.given
        }
        return inner(replace(call, input={**call.input, **changed}))

    context.front.domain = act
    return handler
