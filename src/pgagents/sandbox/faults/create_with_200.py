"""What was made is answered with 200 instead of 201, or the reverse."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"documented_status"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Swap the two statuses on REST."""
    reader = meddle.Reader(context.model)
    victim = meddle.make_action(context.model)
    other = {200: 201, 201: 200}

    def edit(request: Request, answer: Response) -> Response:
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is not None or asked.action is not victim or answer.status not in other:
            return answer
        return replace(answer, status=other[answer.status])

    return meddle.edits(handler, edit)
