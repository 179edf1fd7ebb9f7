"""Header names come in capitals."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Raise every name."""

    def edit(_: Request, answer: Response) -> Response:
        return Response(answer.status, tuple((k.upper(), v) for k, v in answer.headers), answer.body)

    return meddle.edits(handler, edit)
