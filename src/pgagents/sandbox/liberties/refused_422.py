"""A refused argument is answered with 422 instead of 400, or the reverse."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.front import framework_code
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "refused_status"


def wrap(handler: Handler, context: Context) -> Handler:
    """Swap the two statuses."""
    status = framework_code(context.model, "invalid").status
    other = 422 if status == 400 else 400

    def edit(_: Request, answer: Response) -> Response:
        return replace(answer, status=other) if answer.status == status else answer

    return meddle.edits(handler, edit)
