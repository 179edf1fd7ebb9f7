"""The API's metadata names another authorization server than the one that answers here."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_metadata"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """A server of before in the document."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if oauth is None or request.path != oauth.resource_metadata or not data:
            return answer
        return answer.with_json({**data, "authorization_servers": ["https://login.example.com"]})

    return meddle.edits(handler, edit)
