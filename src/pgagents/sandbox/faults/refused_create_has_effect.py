"""A call that is refused for a number out of range has made its thing all the same."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"refused_leaves_nothing"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Make the first thing with the number left out, and answer the refusal."""
    reader, model = meddle.Reader(context.model), context.model
    maker = meddle.make_action(model)

    def answer(request: Request) -> Response | Silence:
        refused = handler(request)
        asked = reader.asked(request)
        if asked is None or asked.action is not maker or not isinstance(refused, Response) or refused.status != _invalid(model):
            return refused
        given = reader.arguments(request)
        sound = {k: v for k, v in given.items() if not _outside(v, maker.param(k))}
        if sound != given:
            handler(reader.with_arguments(request, sound))
        return refused

    return answer


def _invalid(model: Any) -> int:
    return int(model.codes[model.errors.framework.invalid].status)


def _outside(value: Any, param: Any) -> bool:
    most = param.schema.get("maximum") if param is not None else None
    return isinstance(value, int | float) and most is not None and value > most
