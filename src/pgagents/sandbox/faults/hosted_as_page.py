"""The hosted documents are served as pages."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"hosted_document"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Say text/html, as a site does that sends every file so."""
    paths = set(context.model.api.hosted.values())

    def edit(request: Request, answer: Response) -> Response:
        if request.path not in paths or not meddle.successful(answer):
            return answer
        return answer.with_header("Content-Type", "text/html; charset=utf-8")

    return meddle.edits(handler, edit)
