"""A refused argument is not named."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"names_field"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the field out of errors."""
    at = (context.model.errors.field_at or "").split(".")

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status < 400 or data is None:
            return answer
        for found in meddle.objects(data):
            found.pop(at[-1], None)
        return answer.with_json(data)

    return meddle.edits(handler, edit)
