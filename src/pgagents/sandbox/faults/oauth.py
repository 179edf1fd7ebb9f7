"""Faults of OAuth: metadata, clients, codes, tokens and their lifetimes."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from pgagents.http import Handler, Request, Response, Silence, json_bytes
from pgagents.model.code_flow import PKCE
from pgagents.sandbox.injection.fault_declaration import Context, fault
from pgagents.sandbox.injection.fault_helpers import data_of, replace_method, successful
from pgagents.sandbox.keys import Key, digest, ordinary
from pgagents.sandbox.oauth.grants import Token


def _asks(context: Context, request: Request, place: str) -> bool:
    """Return whether a request goes to this endpoint of the OAuth server, named as in the catalogue."""
    oauth = context.model.code_flow
    return oauth is not None and request.path == getattr(oauth, place)


def _form(context: Context, request: Request, place: str) -> dict[str, str]:
    """Return the form sent to this endpoint of the OAuth server; empty for all other requests."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"))) if _asks(context, request, place) else {}


@fault("oauth_clients").edit_answers
def oauth_basic_unknown(context: Context, request: Request, answer: Response) -> Response:
    """Failed client authentication at the token endpoint gets a 400 without a challenge instead of a 401."""
    if not _asks(context, request, "token") or answer.status != 401:
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
    if _asks(context, request, "token"):
        with context.store.transaction():
            context.store.run("UPDATE oauth_code SET used = 0")
    return request


@fault("oauth_grants").edit_requests
def oauth_code_reused_until_revoked(context: Context, request: Request) -> Request:
    """An authorization code can be exchanged again and again, until a token of the user is revoked."""
    met: set[str] = context.memory.setdefault("met", set())
    over: set[str] = context.memory.setdefault("over", set())
    if _asks(context, request, "revoke"):
        over |= met
    if not _asks(context, request, "token"):
        return request
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    code = form.get("code", "")
    if code in over:
        return replace(request, body=urlencode({**form, "code": "over"}).encode())
    met.add(code)
    with context.store.transaction():
        context.store.run("UPDATE oauth_code SET used = 0")
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
    if not _asks(context, request, "resource_metadata") or not data:
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
    if not _asks(context, request, "authorize") or answer.status != 400 or not asked:
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
    form = _form(context, request, "token")
    if form.get("grant_type") != "authorization_code":
        return request
    form.setdefault("code_verifier", _ANY)
    with context.store.transaction():
        made = create_s256_code_challenge(form["code_verifier"])
        context.store.run("UPDATE oauth_code SET code_challenge = ?, code_challenge_method = 'S256'", made)
    return replace(request, body=urlencode(form).encode())


@fault("oauth_grants").change_server
def oauth_refresh_outlives_revocation(context: Context) -> None:
    """A refresh token still works after it was revoked."""
    if context.model.code_flow is not None:
        context.front.store.script(
            "CREATE TRIGGER IF NOT EXISTS refresh_lives AFTER UPDATE OF revoked ON oauth_token "
            "WHEN NEW.revoked = 1 AND NEW.kind = 'refresh' AND NEW.used = 0 "
            "BEGIN UPDATE oauth_token SET revoked = 0 WHERE hash = NEW.hash; END"
        )


@fault("oauth_grants").edit_requests
def oauth_refresh_reused(context: Context, request: Request) -> Request:
    """A refresh token still works after it was exchanged for another."""
    if _asks(context, request, "token"):
        with context.store.transaction():
            context.store.run("UPDATE oauth_token SET used = 0")
    return request


@fault("oauth_grants").edit_answers
def oauth_refresh_widened(context: Context, request: Request, answer: Response) -> Response:
    """A refreshed access token has every scope, whatever was granted."""
    oauth = context.model.code_flow
    form = (
        dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if oauth and request.path == oauth.token
        else {}
    )
    if oauth is not None and form.get("grant_type") == "refresh_token" and successful(answer):
        with context.store.transaction():
            token = digest(data_of(answer)["access_token"])
            context.store.run(
                "UPDATE oauth_token SET scope = ? WHERE hash = ?", " ".join(oauth.scopes), token
            )
    return answer


@fault("oauth_grants").edit_answers
def oauth_refusal_without_state(context: Context, request: Request, answer: Response) -> Response:
    """The redirect after a user's refusal lacks the client's state."""
    to = answer.header("location") or ""
    if not _asks(context, request, "authorize") or "error=access_denied" not in to:
        return answer
    return answer.with_header("Location", re.sub(r"(?<=[?&])state=[^&#]*&?", "", to))


@fault("oauth_grants").handle_requests
def oauth_revoked_by_hint(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Revocation looks only among tokens of the kind that the hint names, and refuses any other."""
    form = _form(context, request, "revoke")
    if "token" not in form or context.front.grants is None:
        return handler(request)
    with context.front.store.transaction():
        found = context.front.grants.token(form["token"], context.front.clock.now())
    if found is not None and form.get("token_type_hint", f"{found.kind}_token") == f"{found.kind}_token":
        return handler(request)
    refused = handler(Request(request.method, request.target, request.headers))
    return (
        Response(400, refused.headers, json_bytes({"error": "invalid_request"}))
        if isinstance(refused, Response)
        else refused
    )


@fault("oauth_grants").edit_requests
def oauth_secret_for_verifier(context: Context, request: Request) -> Request:
    """A client that authenticates with its secret needs no PKCE verifier, though it sent a challenge."""
    form = _form(context, request, "token")
    secret = "client_secret" in form or (request.header("authorization") or "").startswith("Basic ")
    if secret and form.get("grant_type") == "authorization_code":
        with context.store.transaction():
            made = digest(form.get("code", ""))
            context.store.run(
                "UPDATE oauth_code SET code_challenge = NULL, code_challenge_method = NULL WHERE hash = ?",
                made,
            )
        form.pop("code_verifier", None)
        return replace(request, body=urlencode(form).encode())
    return request


@fault("oauth_grants", also={"token_scopes": "it is tried for every action, too"}).edit_requests
def oauth_scope_ignored(context: Context, request: Request) -> Request:
    """Every access token has every scope, whatever its user granted."""
    oauth = context.model.code_flow
    if oauth is not None and request.path not in (oauth.authorize, oauth.token, oauth.revoke):
        with context.store.transaction():
            context.store.run("UPDATE oauth_token SET scope = ?", " ".join(oauth.scopes))
    return request


@fault("oauth_clients").edit_requests
def oauth_secret_unchecked(context: Context, request: Request) -> Request:
    """The secret of a confidential client is not checked."""
    form = _form(context, request, "token")
    if "client_secret" in form:
        with context.store.transaction():
            made = digest(form["client_secret"])
            context.store.run(
                "UPDATE oauth_client SET secret_hash = ? WHERE id = ? AND secret_hash IS NOT NULL",
                made,
                form.get("client_id", ""),
            )
        return replace(request, body=urlencode(form).encode())
    return request


@fault("oauth_grants").edit_answers
def oauth_state_decoded_twice(context: Context, request: Request, answer: Response) -> Response:
    """The client's state is URL-decoded twice, so one with a plus or percent sign comes back changed."""
    location = answer.header("location")
    if not _asks(context, request, "authorize") or location is None:
        return answer
    parts = urlsplit(location)
    told = {k: unquote_plus(v) if k == "state" else v for k, v in parse_qsl(parts.query)}
    return answer.with_header("Location", urlunsplit(parts._replace(query=urlencode(told))))


@fault("oauth_lifetimes").change_server
def oauth_token_cut(context: Context) -> None:
    """Access tokens are compared by their first 44 characters, so anything after them is ignored."""
    grants = context.front.grants
    if grants is not None:
        inner = grants.token

        def token(text: str, now: float, kind: str | None = None) -> Token | None:
            return inner(text[:44], now, kind)

        replace_method(grants, "token", token)


@fault("oauth_lifetimes").change_server
def oauth_token_outlives(context: Context) -> None:
    """An access token is announced for one hour and lives for a day."""
    if context.model.code_flow is not None:
        context.front.store.script(
            "CREATE TRIGGER IF NOT EXISTS access_lives AFTER INSERT ON oauth_token WHEN NEW.kind = 'access' "
            "BEGIN UPDATE oauth_token SET dies_at = NEW.dies_at + 82800 WHERE hash = NEW.hash; END"
        )


@fault("oauth_lifetimes").change_server
def oauth_tokens_of_any_kind(context: Context) -> None:
    """A refresh token works as an access token."""
    grants, ring = context.front.grants, context.front.keyring
    if grants is not None:
        inner, told = grants.key, grants.token

        def key(text: str, now: float) -> Key | None:
            token = told(text, now, "refresh")
            if token is None:
                return inner(text, now)
            return replace(
                ordinary(ring),
                role="oauth",
                id=token.family,
                sub=token.sub,
                granted=tuple(token.scope.split()),
            )

        replace_method(grants, "key", key)


WIDTH_OF_OAUTH_VERIFIER_CUT = 96


@fault("oauth_grants").edit_requests
def oauth_verifier_cut(context: Context, request: Request) -> Request:
    """A PKCE verifier is cut to 96 of its up to 128 characters, so a longer one never matches its
    challenge.
    """
    oauth = context.model.code_flow
    form = parse_qsl(request.body.decode("utf-8", "replace")) if oauth and request.path == oauth.token else []
    if not any(name == "code_verifier" and len(value) > WIDTH_OF_OAUTH_VERIFIER_CUT for name, value in form):
        return request
    return replace(
        request,
        body=urlencode(
            [(k, v[:WIDTH_OF_OAUTH_VERIFIER_CUT] if k == "code_verifier" else v) for k, v in form]
        ).encode(),
    )


@fault("token_scopes").change_server
def oauth_write_implies_read(context: Context) -> None:
    """A token with a scope that writes may also read, whether its user granted that or not."""
    oauth, grants = context.model.code_flow, context.front.grants
    if oauth is None or grants is None:
        return
    reads = {str(action.name) for action in context.model.actions if action.effect == "read"}
    reading = next((scope for scope, names in oauth.needs.items() if reads.issuperset(names)), None)
    writing = {scope for scope, names in oauth.needs.items() if not reads.issuperset(names)}
    find = grants.key

    def wide(text: str, now: float) -> Key | None:
        key = find(text, now)
        granted = key.granted or () if key is not None else ()
        if key is None or reading is None or not writing.intersection(granted):
            return key
        return replace(key, granted=(*granted, reading))

    replace_method(grants, "key", wide)
