"""A client's secret stands in the form alone: the metadata name no Basic scheme, and nobody looks at it (RFC 8414, 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes, read_json

POINT = None
METHODS = ("token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported")


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave the scheme out of the metadata, and let the endpoints not see it."""
    oauth = context.model.auth.oauth

    def answer(request: Request) -> Response | Silence:
        if oauth is None:
            return handler(request)
        if request.path in (oauth.token, oauth.revoke):
            plain = replace(request, headers=tuple((n, v) for n, v in request.headers if n.lower() != "authorization"))
            found = handler(plain)
            nameless = "client_id" not in dict(parse_qsl(request.body.decode("utf-8", "replace")))
            return _nameless(found) if nameless and plain != request and isinstance(found, Response) else found
        found = handler(request)
        body = read_json(found.body).value if request.path == oauth.metadata and isinstance(found, Response) else None
        if not isinstance(body, Mapping) or not isinstance(found, Response):
            return found
        told = {name: [v for v in body[name] if v != "client_secret_basic"] for name in METHODS if name in body}
        return found.with_json({**body, **told})

    return answer


def _nameless(found: Response) -> Response:
    """The refusal of a form that says of no client that it is its own."""
    headers = tuple((n, v) for n, v in found.headers if n.lower() != "www-authenticate")
    return Response(400, headers, json_bytes({"error": "invalid_request", "error_description": "client_id is missing"}))
