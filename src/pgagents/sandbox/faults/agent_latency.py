"""The widest search takes eleven seconds, longer than an assistant's host waits."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"within_agent_limits"})
ALSO: dict[str, str] = {}
SECONDS = 11.0


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the time before a search with the greatest limit is answered."""
    reader = meddle.Reader(context.model)
    victim = meddle.list_action(context.model)

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if isinstance(found, Response) and meddle.successful(found) and meddle.widest(reader, victim, request):
            context.sleep(SECONDS)
        return found

    return answer
