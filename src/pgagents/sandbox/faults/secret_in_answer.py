"""Successful answers carry the caller's key in an undeclared member."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"leaks_nothing"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add `debug_key`."""

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        token = (request.header("authorization") or "").rpartition(" ")[2]
        if not meddle.successful(answer) or not isinstance(data, dict) or not token:
            return answer
        return answer.with_json({**data, "debug_key": token})

    return meddle.edits(handler, edit)
