"""A body that is no JSON crashes the server."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 500 where the body could not be read."""
    model = context.model
    crashed = framework_code(model, "crashed")

    def edit(_: Request, answer: Response) -> Response:
        if answer.status < 400 or b"cannot be read" not in answer.body:
            return answer
        body = meddle.error_at(meddle.data_of(answer), model.errors.code_at, crashed.name)
        return replace(answer, status=crashed.status).with_json(body)

    return meddle.edits(handler, edit)
