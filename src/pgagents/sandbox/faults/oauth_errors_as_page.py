"""The OAuth token endpoint refuses with a page for people instead of JSON with an error code."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_metadata"})
ALSO = {
    "oauth_clients": "a client that is not known gets a page as well",
    "oauth_grants": "its refusals of codes and tokens are such pages too",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """HTML in place of the error."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        if oauth is None or request.path not in (oauth.token, oauth.revoke) or answer.status < 400:
            return answer
        return Response(answer.status, (("Content-Type", "text/html"),), b"<h1>Bad request</h1>")

    return meddle.edits(handler, edit)
