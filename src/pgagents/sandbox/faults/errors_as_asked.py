"""An error is a page for people unless JSON alone was asked for."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"error_envelope", "content_type"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Answer HTML to whoever would also take something else."""

    def edit(request: Request, answer: Response) -> Response:
        if answer.status < 400 or "*/*" not in (request.header("accept") or ""):
            return answer
        page = b"<!doctype html><title>Error</title><h1>Something is wrong with this call</h1>"
        return replace(answer, body=page).with_header("Content-Type", "text/html")

    return meddle.edits(handler, edit)
