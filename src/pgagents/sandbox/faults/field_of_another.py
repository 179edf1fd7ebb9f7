"""A refused argument is told under the name of the first one."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"names_field"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Name the action's first argument."""
    reader, model = meddle.Reader(context.model), context.model

    def edit(request: Request, answer: Response) -> Response:
        data, action = meddle.data_of(answer), reader.action(request)
        at = model.errors.field_at
        if answer.status < 400 or at is None or action is None or not action.params:
            return answer
        if not any(at.split(".")[-1] in found for found in meddle.objects(data)):
            return answer
        return answer.with_json(meddle.error_at(data, at, action.params[0].wire))

    return meddle.edits(handler, edit)
