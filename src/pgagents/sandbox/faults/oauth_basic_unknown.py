"""A client that proves itself by the Basic scheme is refused as one that said nothing: 400, and no scheme is named."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_clients"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer every 401 of the token endpoint with 400, and without its challenge."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        if oauth is None or request.path != oauth.token or answer.status != 401:
            return answer
        return Response(400, tuple((n, v) for n, v in answer.headers if n.lower() != "www-authenticate"), answer.body)

    return meddle.edits(handler, edit)
