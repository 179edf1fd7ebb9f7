"""An unknown path is answered with a page for people."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope", "content_type"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer HTML."""
    reader = meddle.Reader(context.model)

    def edit(request: Request, answer: Response) -> Response:
        if answer.status != 404 or reader.asked(request) is not None:
            return answer
        return replace(answer, body=b"<!doctype html><title>404</title><h1>Not Found</h1>").with_header("Content-Type", "text/html")

    return meddle.edits(handler, edit)
