"""A client is known in the one way that it was registered for: by the Basic scheme, and not by a secret in the form (RFC 7591, 2)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse a secret that stands in the form of the token endpoint."""
    oauth = context.model.auth.oauth

    def answer(request: Request) -> Response | Silence:
        if oauth is None or request.path != oauth.token or "client_secret" not in dict(parse_qsl(request.body.decode("utf-8", "replace"))):
            return handler(request)
        found = handler(request)
        refused = json_bytes({"error": "invalid_client", "error_description": "This client proves itself by the Basic scheme"})
        return Response(401, (*found.headers, ("WWW-Authenticate", "Basic")), refused) if isinstance(found, Response) else found

    return answer
