"""Answers over TLS bind browsers for a day only, and the host is not preloaded."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """A weaker value where the header is."""

    def edit(_: Request, answer: Response) -> Response:
        there = answer.header("strict-transport-security") is not None
        return answer.with_header("Strict-Transport-Security", "max-age=86400") if there else answer

    return meddle.edits(handler, edit)
