"""The state that a client sent comes back decoded once too often, so one with a plus or a percent sign is another."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Decode it again in the address that the user is sent back to."""
    oauth = context.model.auth.oauth

    def edit(request: Request, answer: Response) -> Response:
        location = answer.header("location")
        if oauth is None or request.path != oauth.authorize or location is None:
            return answer
        parts = urlsplit(location)
        told = {k: unquote_plus(v) if k == "state" else v for k, v in parse_qsl(parts.query)}
        return answer.with_header("Location", urlunsplit(parts._replace(query=urlencode(told))))

    return meddle.edits(handler, edit)
