"""JSON is served as `application/json; charset=utf-8`."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Name the charset."""

    def edit(_: Request, answer: Response) -> Response:
        is_json = answer.header("content-type") == "application/json"
        return answer.with_header("Content-Type", "application/json; charset=utf-8") if is_json else answer

    return meddle.edits(handler, edit)
