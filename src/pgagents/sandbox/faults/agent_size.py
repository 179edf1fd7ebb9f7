"""The widest search answers with more characters than an assistant's host takes, most of them blanks."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"within_agent_limits"})
ALSO: dict[str, str] = {}
BLANKS = 100_000


def wrap(handler: Handler, context: Context) -> Handler:
    """Write blanks behind the JSON."""
    reader = meddle.Reader(context.model)
    victim = meddle.list_action(context.model)

    def edit(request: Request, answer: Response) -> Response:
        if not meddle.successful(answer) or not meddle.widest(reader, victim, request):
            return answer
        return replace(answer, body=answer.body + b" " * BLANKS)

    return meddle.edits(handler, edit)
