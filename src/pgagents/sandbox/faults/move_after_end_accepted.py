"""What is over can still be prolonged."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"moves"})
ALSO: dict[str, str] = {"leaks_nothing": "where the last move was the creation, its answer told secrets"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer a refused move that would keep its state with what the thing was when it was last moved."""
    inner, model = context.front.domain, context.model
    staying = {m.action.name: m for r in model.resources.values() for m in r.moves if m.to in m.origin_states}
    last: dict[str, Any] = {}

    def act(call: Call) -> Any:
        result = inner(call)
        ids = [str(call.input[str(p.name)]) for p in call.action.params if p.refers_to and str(p.name) in call.input]
        if not ids:
            ids = _ids(result)
        move = staying.get(call.action.name)
        if isinstance(result, Refusal):
            return last.get(ids[0], result) if move and ids and result.code == move.otherwise.name else result
        if _running(result, model):
            last.update(dict.fromkeys([*ids, *_ids(result)], result))
        return result

    context.front.domain = act
    return handler


def _ids(result: Any) -> list[str]:
    inner = next(iter(result.values()), None) if isinstance(result, dict) else None
    return [str(inner["id"])] if isinstance(inner, dict) and "id" in inner else []


def _running(result: Any, model: Any) -> bool:
    inner = next(iter(result.values()), None) if isinstance(result, dict) else None
    states = {(r.state, r.initial) for r in model.resources.values() if r.state}
    return isinstance(inner, dict) and any(inner.get(s) == i for s, i in states)
