"""JSON is served as text/html."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"content_type"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Change the type of every successful answer of an action."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        if not meddle.successful(answer) or not answer.body or not reader.asked(request):
            return answer
        return answer.with_header("Content-Type", "text/html; charset=utf-8")

    return meddle.edits(handler, edit)
