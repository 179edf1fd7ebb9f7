"""A 401 repeats the key it refuses."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"leaks_nothing"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put the header into the message."""
    model = context.model

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        header = request.header("authorization")
        if answer.status != 401 or data is None or not header:
            return answer
        return answer.with_json(meddle.error_at(data, model.errors.message_at, f"The key {header} is not known"))

    return meddle.edits(handler, edit)
