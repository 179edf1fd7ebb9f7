"""A conflict is told with the status of a bad request."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"code_status"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Change the status, keep the code."""
    status = context.model.codes[context.model.errors.framework.invalid].status

    def edit(_: Request, answer: Response) -> Response:
        return replace(answer, status=status) if answer.status == 409 else answer

    return meddle.edits(handler, edit)
