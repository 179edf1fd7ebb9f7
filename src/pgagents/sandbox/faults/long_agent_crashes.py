"""A User-Agent of more than 255 characters crashes the server, which logs it into a column of that width."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}
WIDTH = 255


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer 500 to refused calls, whose log is written."""
    model = context.model
    crashed = framework_code(model, "crashed")

    def edit(request: Request, answer: Response) -> Response:
        if answer.status < 400 or len(request.header("user-agent") or "") <= WIDTH:
            return answer
        return replace(answer, status=crashed.status).with_json(meddle.error_at(meddle.data_of(answer), model.errors.code_at, crashed.name))

    return meddle.edits(handler, edit)
