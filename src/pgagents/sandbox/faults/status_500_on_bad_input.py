"""An argument out of its range crashes the server."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer a refusal for a bound with a 500."""
    reader, model = meddle.Reader(context.model), context.model
    crashed, invalid = framework_code(model, "crashed"), framework_code(model, "invalid")

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if answer.status != invalid.status or not reader.asked(request) or b"must be at" not in answer.body:
            return answer
        body = meddle.error_at(data, model.errors.code_at, crashed.name)
        return replace(answer, status=crashed.status).with_json(body)

    return meddle.edits(handler, edit)
