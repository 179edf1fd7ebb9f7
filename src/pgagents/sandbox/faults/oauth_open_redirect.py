"""An authorization request is answered by a redirect to whatever address it names, registered or not."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"redirects_home"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Send the error to where the request said."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        asked = dict(request.query).get("redirect_uri")
        if oauth is None or request.path != oauth.authorize or answer.status != 400 or not asked:
            return answer
        return Response(
            302, (*(h for h in answer.headers if h[0].lower() != "content-type"), ("Location", f"{asked}?error=invalid_request"))
        )

    return meddle.edits(handler, edit)
