"""Faults of OAuth: its metadata, clients, redirects and authorization codes."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from faults.helpers import asks_endpoint, read_form, run_sql
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.credential import PKCE
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of
from pgagents.sandbox.keys import digest


@fault("oauth_clients").edit_answers
def oauth_basic_unknown(context: Context, request: Request, answer: Response) -> Response:
    """Failed client authentication at the token endpoint gets a 400 without a challenge instead of a 401."""
    if not asks_endpoint(context, request, "token") or answer.status != 401:
        return answer
    return Response(
        400, tuple((n, v) for n, v in answer.headers if n.lower() != "www-authenticate"), answer.body
    )


@fault(
    "oauth_metadata", also={"oauth_clients": "the challenge of the Basic scheme is overwritten with it"}
).edit_answers
def oauth_challenge_elsewhere(_context: Context, _request: Request, answer: Response) -> Response:
    """A 401 points to a metadata document of another server."""
    if answer.status != 401 or answer.header("www-authenticate") is None:
        return answer
    return answer.with_header(
        "WWW-Authenticate",
        'Bearer resource_metadata="https://other.example/.well-known/oauth-protected-resource"',
    )


@fault("oauth_metadata").edit_answers
def oauth_challenge_of_nobody(_context: Context, _request: Request, answer: Response) -> Response:
    """A challenge without a scope states `scope="None"`."""
    said = answer.header("www-authenticate")
    if said is None or not said.startswith("Bearer") or "scope=" in said:
        return answer
    return answer.with_header("WWW-Authenticate", f'{said}{"," if "=" in said else ""} scope="None"')


_ANY = "a" * 43


@fault("oauth_grants").edit_requests
def oauth_challenge_optional(context: Context, request: Request) -> Request:
    """A public client gets a code and tokens without PKCE."""
    oauth = context.model.code_flow
    if oauth is not None and request.path == oauth.authorize and request.method == "GET":
        asked = dict(request.query)
        if asked and "code_challenge" not in asked:
            asked |= {"code_challenge": create_s256_code_challenge(_ANY), "code_challenge_method": PKCE}
            return replace(request, target=f"{request.path}?{urlencode(asked)}")
    elif oauth is not None and request.path == oauth.token:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if form.get("grant_type") == "authorization_code" and "code_verifier" not in form:
            return replace(request, body=urlencode({**form, "code_verifier": _ANY}).encode())
    return request


@fault("oauth_grants").edit_requests
def oauth_code_reused(context: Context, request: Request) -> Request:
    """An authorization code can be exchanged any number of times."""
    if asks_endpoint(context, request, "token"):
        run_sql(context, "UPDATE oauth_code SET used = 0")
    return request


@fault(
    "oauth_metadata",
    also={
        "oauth_clients": "a client that is not known gets a page as well",
        "oauth_grants": "its refusals of codes and tokens are such pages too",
    },
).edit_answers
def oauth_errors_as_page(context: Context, request: Request, answer: Response) -> Response:
    """The token endpoint refuses with an HTML page instead of JSON with an error code."""
    oauth = context.model.code_flow
    if oauth is None or request.path not in (oauth.token, oauth.revoke) or answer.status < 400:
        return answer
    return Response(answer.status, (("Content-Type", "text/html"),), b"<h1>Bad request</h1>")


@fault("oauth_metadata").edit_answers
def oauth_metadata_disagrees(context: Context, request: Request, answer: Response) -> Response:
    """The resource metadata name another authorization server than this one."""
    data = data_of(answer)
    if not asks_endpoint(context, request, "resource_metadata") or not data:
        return answer
    return answer.with_json({**data, "authorization_servers": ["https://login.example.com"]})


@fault("oauth_metadata").edit_answers
def oauth_metadata_lie(context: Context, request: Request, answer: Response) -> Response:
    """The OAuth metadata name a token endpoint that does not exist."""
    oauth = context.model.code_flow
    data = data_of(answer)
    if oauth is None or request.path != oauth.metadata or not data:
        return answer
    return answer.with_json({**data, "token_endpoint": f"{data['issuer']}/v2{oauth.token}"})


@fault("authorization_redirects").edit_answers
def oauth_open_redirect(context: Context, request: Request, answer: Response) -> Response:
    """An invalid authorization request is redirected to any address it names, registered or not."""
    asked = dict(request.query).get("redirect_uri")
    if not asks_endpoint(context, request, "authorize") or answer.status != 400 or not asked:
        return answer
    return Response(
        302,
        (
            *(h for h in answer.headers if h[0].lower() != "content-type"),
            ("Location", f"{asked}?error=invalid_request"),
        ),
    )


@fault("oauth_grants").edit_requests
def oauth_pkce_skipped(context: Context, request: Request) -> Request:
    """A code is exchanged whether its PKCE verifier is right, wrong or missing."""
    form = read_form(context, request, "token")
    if form.get("grant_type") != "authorization_code":
        return request
    form.setdefault("code_verifier", _ANY)
    made = create_s256_code_challenge(form["code_verifier"])
    run_sql(context, "UPDATE oauth_code SET code_challenge = ?, code_challenge_method = 'S256'", made)
    return replace(request, body=urlencode(form).encode())


@fault("oauth_grants").edit_answers
def oauth_refusal_without_state(context: Context, request: Request, answer: Response) -> Response:
    """The redirect after a user's refusal lacks the client's state."""
    to = answer.header("location") or ""
    if not asks_endpoint(context, request, "authorize") or "error=access_denied" not in to:
        return answer
    return answer.with_header("Location", re.sub(r"(?<=[?&])state=[^&#]*&?", "", to))


@fault("oauth_grants").edit_requests
def oauth_secret_for_verifier(context: Context, request: Request) -> Request:
    """A client that authenticates with its secret needs no PKCE verifier, though it sent a challenge."""
    form = read_form(context, request, "token")
    secret = "client_secret" in form or (request.header("authorization") or "").startswith("Basic ")
    if secret and form.get("grant_type") == "authorization_code":
        run_sql(
            context,
            "UPDATE oauth_code SET code_challenge = NULL, code_challenge_method = NULL WHERE hash = ?",
            digest(form.get("code", "")),
        )
        form.pop("code_verifier", None)
        return replace(request, body=urlencode(form).encode())
    return request


@fault("oauth_clients").edit_requests
def oauth_secret_unchecked(context: Context, request: Request) -> Request:
    """The secret of a confidential client is not checked."""
    form = read_form(context, request, "token")
    if "client_secret" in form:
        run_sql(
            context,
            "UPDATE oauth_client SET secret_hash = ? WHERE id = ? AND secret_hash IS NOT NULL",
            digest(form["client_secret"]),
            form.get("client_id", ""),
        )
        return replace(request, body=urlencode(form).encode())
    return request


@fault("oauth_grants").edit_answers
def oauth_state_decoded_twice(context: Context, request: Request, answer: Response) -> Response:
    """The client's state is URL-decoded twice, so one with a plus or percent sign comes back changed."""
    location = answer.header("location")
    if not asks_endpoint(context, request, "authorize") or location is None:
        return answer
    parts = urlsplit(location)
    told = {k: unquote_plus(v) if k == "state" else v for k, v in parse_qsl(parts.query)}
    return answer.with_header("Location", urlunsplit(parts._replace(query=urlencode(told))))
