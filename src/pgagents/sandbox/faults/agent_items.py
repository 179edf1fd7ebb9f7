"""The widest search brings a list of thirty suggestions that nobody asked for."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"within_agent_limits"})
ALSO: dict[str, str] = {}
ITEMS = 30


def wrap(handler: Handler, context: Context) -> Handler:
    """Add a list beside the declared members."""
    reader = meddle.Reader(context.model)
    victim = meddle.list_action(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or not isinstance(data, dict) or not meddle.widest(reader, victim, request):
            return answer
        return answer.with_json({**data, "suggestions": [{"rank": n} for n in range(ITEMS)]})

    return meddle.edits(handler, edit)
