"""The page of a receipt is gone once the session has ended."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"links_lead"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look for the page among what is active. Park Graph's tables and paths."""

    def answer(request: Request) -> Response | Silence:
        head, _, id = request.path.rpartition("/")
        row = context.front.store.row("SELECT status FROM session WHERE id = ?", id) if head == "/r" else None
        ended = row is not None and row["status"] == "completed"
        return handler(replace(request, target="/r/none") if ended else request)

    return answer
