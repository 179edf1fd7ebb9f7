"""Faults of the access and refresh tokens of OAuth: their scopes, lifetimes and revocation."""

from __future__ import annotations

from dataclasses import replace

from faults.helpers import asks_endpoint, read_form, run_sql
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, replace_method, successful
from pgagents.sandbox.keys import Key, digest, ordinary


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
    if asks_endpoint(context, request, "token"):
        run_sql(context, "UPDATE oauth_token SET used = 0")
    return request


@fault("oauth_grants").edit_answers
def oauth_refresh_widened(context: Context, request: Request, answer: Response) -> Response:
    """A refreshed access token has every scope, whatever was granted."""
    oauth = context.model.code_flow
    form = read_form(context, request, "token")
    if oauth is not None and form.get("grant_type") == "refresh_token" and successful(answer):
        token = digest(data_of(answer)["access_token"])
        run_sql(context, "UPDATE oauth_token SET scope = ? WHERE hash = ?", " ".join(oauth.scopes), token)
    return answer


@fault("oauth_grants").handle_requests
def oauth_revoked_by_hint(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Revocation looks only among tokens of the kind that the hint names, and refuses any other."""
    form = read_form(context, request, "revoke")
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


@fault("oauth_grants", also={"token_scopes": "it is tried for every action, too"}).edit_requests
def oauth_scope_ignored(context: Context, request: Request) -> Request:
    """Every access token has every scope, whatever its user granted."""
    oauth = context.model.code_flow
    if oauth is not None and request.path not in (oauth.authorize, oauth.token, oauth.revoke):
        run_sql(context, "UPDATE oauth_token SET scope = ?", " ".join(oauth.scopes))
    return request


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
