"""The hosted documents come from a server of files, which has none of the API's headers."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave the body's type alone."""
    paths = set(context.model.api.hosted.values())
    own = {header.name.lower() for header in context.model.headers}

    def edit(request: Request, answer: Response) -> Response:
        if request.path not in paths or not meddle.successful(answer):
            return answer
        return Response(answer.status, tuple((k, v) for k, v in answer.headers if k.lower() not in own), answer.body)

    return meddle.edits(handler, edit)
