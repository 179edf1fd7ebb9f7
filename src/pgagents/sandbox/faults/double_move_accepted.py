"""A move from the wrong state is accepted: the second end, the late cancellation."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"moves"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Repeat the last accepted answer of a move whose state does not allow it."""
    inner, model = context.front.domain, context.model
    closing = {m.action.name: m for r in model.resources.values() for m in r.moves if m.to not in m.origin_states}
    last: dict[tuple[str, str], Any] = {}

    def act(call: Call) -> Any:
        result = inner(call)
        move = closing.get(call.action.name)
        if move is None:
            return result
        key = (str(call.action.name), str(sorted((k, str(v)) for k, v in call.input.items() if k in move.input)))
        if isinstance(result, Refusal):
            return last.get(key, result) if result.code == move.otherwise.name else result
        last[key] = result
        return result

    context.front.domain = act
    return handler
