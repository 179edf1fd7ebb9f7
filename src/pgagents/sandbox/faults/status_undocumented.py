"""A read by id succeeds with 206, which no document names."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"documented_status"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Change one action's status."""
    reader, victim = meddle.Reader(context.model), meddle.read_by_id(context.model)

    def edit(request: Request, answer: Response) -> Response:
        changed = meddle.successful(answer) and reader.action(request) is victim
        return replace(answer, status=206) if changed else answer

    return meddle.edits(handler, edit)
