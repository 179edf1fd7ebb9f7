"""null where a text is wanted crashes the server."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 500 where an argument is null."""
    reader, model = meddle.Reader(context.model), context.model
    crashed = framework_code(model, "crashed")

    def edit(request: Request, answer: Response) -> Response:
        if answer.status < 400 or None not in reader.arguments(request).values():
            return answer
        return replace(answer, status=crashed.status).with_json(meddle.error_at(meddle.data_of(answer), model.errors.code_at, crashed.name))

    return meddle.edits(handler, edit)
