"""A read by id writes its numbers as strings."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"body_fits"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn 8 into "8" in one action's answers."""
    reader, victim = meddle.Reader(context.model), meddle.read_by_id(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or reader.action(request) is not victim:
            return answer
        for found in meddle.objects(data):
            found.update({k: str(v) for k, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)})
        return answer.with_json(data)

    return meddle.edits(handler, edit)
