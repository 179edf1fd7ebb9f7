"""A 401 names a metadata document that is not the API's."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_metadata"})
ALSO = {"oauth_clients": "the challenge of the Basic scheme is overwritten with it"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Another host in every challenge."""

    def edit(_: Request, answer: Response) -> Response:
        if answer.status != 401 or answer.header("www-authenticate") is None:
            return answer
        return answer.with_header(
            "WWW-Authenticate", 'Bearer resource_metadata="https://other.example/.well-known/oauth-protected-resource"'
        )

    return meddle.edits(handler, edit)
