"""A wider search loses the nearest thing that a narrower one finds."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"relation"})
ALSO: dict[str, str] = {"runs_workflows": "a step finds the nearest place in a wide search"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Drop the first item where the argument that widens is above its example."""
    reader, victim = meddle.Reader(context.model), meddle.list_action(context.model)
    widening = {r.widen for r in victim.relations}
    usual = {k: v for e in victim.examples[:1] for k, v in e.input.items() if k in widening and isinstance(v, int | float)}

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        given = reader.arguments(request)
        if not any(_above(given.get(k), v) for k, v in usual.items()):
            return answer
        for found in meddle.lists(data):
            del found[0]
        return answer.with_json(data)

    return meddle.edits(handler, edit)


def _above(value: object, usual: float) -> bool:
    try:
        return float(str(value)) > usual
    except ValueError:
        return False
