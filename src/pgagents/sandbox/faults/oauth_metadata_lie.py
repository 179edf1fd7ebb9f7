"""The OAuth metadata names a token endpoint that is not there."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_metadata"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Another version's path in the document."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if oauth is None or request.path != oauth.metadata or not data:
            return answer
        return answer.with_json({**data, "token_endpoint": f"{data['issuer']}/v2{oauth.token}"})

    return meddle.edits(handler, edit)
