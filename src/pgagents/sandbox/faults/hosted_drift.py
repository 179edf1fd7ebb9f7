"""The hosted documents are of an older version than the server."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"hosted_document"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Rename what the documents call the API."""
    paths = set(context.model.api.hosted.values())
    title = context.model.api.title.encode()

    def edit(request: Request, answer: Response) -> Response:
        if request.path not in paths or not meddle.successful(answer):
            return answer
        return Response(answer.status, answer.headers, answer.body.replace(title, title + b" Beta"))

    return meddle.edits(handler, edit)
