"""A 401 does not say which scheme is wanted."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO = {"oauth_clients": "nor is a client told which scheme it may prove itself by"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take WWW-Authenticate off."""

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("WWW-Authenticate", None)

    return meddle.edits(handler, edit)
