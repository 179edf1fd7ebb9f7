"""Answers carry further headers, some of them twice."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add what proxies add."""

    def edit(_: Request, answer: Response) -> Response:
        further = (
            ("Via", "1.1 edge-a"),
            ("Via", "1.1 edge-b"),
            ("X-Served-By", "pod-7"),
            ("Vary", "Accept-Encoding"),
            ("Server-Timing", "app;dur=3"),
        )
        return Response(answer.status, (*answer.headers, *further), answer.body)

    return meddle.edits(handler, edit)
