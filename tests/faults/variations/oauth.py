"""Legal behaviour of an OAuth server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl

from pgagents.base.http import Handler, Request, Response, Silence, json_bytes, read_json
from pgagents.sandbox import grants
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.keys import digest


@variation().handle_requests
def oauth_code_burnt(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A code becomes invalid after any failed exchange, such as one with a wrong verifier."""
    oauth = context.model.code_flow
    found = handler(request)
    if (
        oauth is not None
        and request.path == oauth.token
        and isinstance(found, Response)
        and found.status >= 400
    ):
        code = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("code", "")
        with context.store.transaction():
            context.store.run("UPDATE oauth_code SET used = 1 WHERE hash = ?", digest(code))
    return found


METHODS = ("token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported")


def _nameless(found: Response) -> Response:
    """Return the answer as a 400 for a form that lacks `client_id`."""
    headers = tuple((n, v) for n, v in found.headers if n.lower() != "www-authenticate")
    return Response(
        400, headers, json_bytes({"error": "invalid_request", "error_description": "client_id is missing"})
    )


@variation().handle_requests
def oauth_form_alone(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Client secrets are accepted in the form only; the metadata do not name the Basic scheme (RFC 8414,
    2).
    """
    oauth = context.model.code_flow
    if oauth is None:
        return handler(request)
    if request.path in (oauth.token, oauth.revoke):
        plain = replace(
            request, headers=tuple((n, v) for n, v in request.headers if n.lower() != "authorization")
        )
        found = handler(plain)
        nameless = "client_id" not in dict(parse_qsl(request.body.decode("utf-8", "replace")))
        return _nameless(found) if nameless and plain != request and isinstance(found, Response) else found
    found = handler(request)
    body = (
        read_json(found.body).value
        if request.path == oauth.metadata and isinstance(found, Response)
        else None
    )
    if not isinstance(body, Mapping) or not isinstance(found, Response):
        return found
    told = {name: [v for v in body[name] if v != "client_secret_basic"] for name in METHODS if name in body}
    return found.with_json({**body, **told})


@variation().handle_requests
def oauth_one_way_to_prove(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A confidential client can authenticate by the Basic scheme only, not by a secret in the form (RFC
    7591, 2).
    """
    oauth = context.model.code_flow
    if (
        oauth is None
        or request.path != oauth.token
        or "client_secret" not in dict(parse_qsl(request.body.decode("utf-8", "replace")))
    ):
        return handler(request)
    found = handler(request)
    refused = json_bytes(
        {"error": "invalid_client", "error_description": "This client proves itself by the Basic scheme"}
    )
    return (
        Response(401, (*found.headers, ("WWW-Authenticate", "Basic")), refused)
        if isinstance(found, Response)
        else found
    )


@variation()
def oauth_revokes_one_token(handler: Handler, context: Context) -> Handler:
    """Revoking a refresh token leaves its access tokens valid until they expire (RFC 7009 says SHOULD)."""
    oauth = context.model.code_flow
    if oauth is None or not oauth.revoke:
        return handler

    def answer(request: Request) -> Response | Silence:
        if request.path != oauth.revoke:
            return handler(request)
        text = parse_qs(request.body.decode(errors="replace")).get("token", [""])[0]
        with context.store.lock:
            living = context.store.rows(
                "SELECT hash FROM oauth_token WHERE kind = 'access' AND revoked = 0 AND family = (SELECT "
                "family FROM oauth_token WHERE hash = ? AND kind = 'refresh' AND revoked = 0 AND used = 0)",
                digest(text),
            )
            found = handler(request)
            with context.store.transaction():
                for row in living:
                    context.store.run("UPDATE oauth_token SET revoked = 0 WHERE hash = ?", row["hash"])
        return found

    return answer


@variation("redirect_uris").edit_requests
def redirect_query_varies(context: Context, request: Request) -> Request:
    """A redirect URI may differ from the registered one in its query (RFC 6749, 3.1.2.2)."""
    oauth = context.model.code_flow
    asked = dict(request.query) if oauth is not None and request.path == oauth.authorize else {}
    uri, client = asked.get("redirect_uri", ""), grants.find(context.store, asked.get("client_id", ""))
    if (
        client is not None
        and uri not in client.redirect_uris
        and uri.partition("?")[0] in client.redirect_uris
    ):
        with context.store.transaction():
            grants.save(context.store, replace(client, redirect_uris=(*client.redirect_uris, uri)))
    return request
