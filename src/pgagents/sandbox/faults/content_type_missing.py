"""Answers do not say what they are."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"content_type"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take Content-Type off what the API itself answers."""
    paths = set(context.model.api.hosted.values())

    def edit(request: Request, answer: Response) -> Response:
        return answer if request.path in paths else answer.with_header("Content-Type", None)

    return meddle.edits(handler, edit)
