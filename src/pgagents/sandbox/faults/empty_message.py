"""Errors say nothing in words."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Empty the message."""
    at = context.model.errors.message_at

    def edit(_: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        return answer.with_json(meddle.error_at(data, at, "")) if answer.status >= 400 and data is not None else answer

    return meddle.edits(handler, edit)
