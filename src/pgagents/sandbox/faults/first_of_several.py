"""Of several wrong arguments the first alone is told."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Name the action's first argument where none is named alone."""
    reader, errors = meddle.Reader(context.model), context.model.errors

    def edit(request: Request, answer: Response) -> Response:
        data, action = meddle.data_of(answer), reader.action(request)
        at, several = errors.field_at, errors.field_of_several
        if answer.status < 400 or at is None or several is None or action is None or not action.params:
            return answer
        if not any(found.get(at.split(".")[-1]) == several for found in meddle.objects(data)):
            return answer
        return answer.with_json(meddle.error_at(data, at, action.params[0].wire))

    return meddle.edits(handler, edit)
