"""The widest search takes nine seconds, which every assistant's host still waits."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None
SECONDS = 9.0


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
