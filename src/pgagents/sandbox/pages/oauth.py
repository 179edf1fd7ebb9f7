"""The OAuth endpoints: authorize, token, revoke, and the two metadata documents, at the catalogue's paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.credential import CodeFlow
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import grants, oauth_server
from pgagents.sandbox.grants import Grants
from pgagents.sandbox.setting import Visit

FORM = "application/x-www-form-urlencoded"
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Bad(Exception):
    """The parameters of a request cannot be read, so it gets no OAuth error."""


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the catalogue's OAuth endpoints, with their methods."""
    oauth = model.code_flow
    if oauth is None:
        return {}
    found = {oauth.authorize: ("GET", "POST"), oauth.token: ("POST",), oauth.revoke: ("POST",)}
    found |= {oauth.metadata: ("GET",), oauth.resource_metadata: ("GET",)}
    return {path: methods for path, methods in found.items() if path}


def cross_origin(model: Model) -> frozenset[str]:
    """Return all OAuth paths except the page on which a user decides."""
    return frozenset(paths(model)) - ({model.code_flow.authorize} if model.code_flow else set())


def answer(request: Request, visit: Visit) -> Response | None:
    """Return one OAuth endpoint's answer."""
    oauth, base = _flow(visit), visit.setting.address.url
    if request.path == oauth.metadata:
        return _json(grants.server(oauth, base))
    if request.path == oauth.resource_metadata:
        return _json(grants.resource(oauth, str(visit.setting.model.api.title), base))
    with visit.setting.store.transaction():
        try:
            if request.path == oauth.authorize:
                return (
                    _redirect_with_decision(request, visit)
                    if request.method == "POST"
                    else _consent(request, visit)
                )
            return _tokens(request, visit)
        except (
            _Bad,
            ValueError,
        ) as error:  # ValueError: Authlib's for characters that an error text may not have
            text = (
                str(error)
                if isinstance(error, _Bad)
                else "The request has characters that are not possible here"
            )
            if request.path == oauth.authorize:
                return oauth_server.render_refusal("invalid_request", text)
            return _json({"error": "invalid_request", "error_description": text}, 400)


def _flow(visit: Visit) -> CodeFlow:
    """Return the flow of users. Without one a catalogue has no such pages."""
    flow = visit.setting.model.code_flow
    assert flow is not None
    return flow


def _json(data: Any, status: int = 200) -> Response:
    return Response(
        status, (("Content-Type", "application/json"), ("Cache-Control", "no-store")), json_bytes(data)
    )


def _server(visit: Visit) -> Any:
    from pgagents.sandbox.oauth_server import Server

    setting = visit.setting
    grants = Grants(setting.store, setting.keyring, setting.rng)
    return Server(_flow(visit), setting.store, grants, visit.now)


def _make_request(method: str, visit: Visit, pairs: list[tuple[str, str]], headers: dict[str, str]) -> Any:
    from pgagents.sandbox.oauth_server import AuthlibRequest

    form = dict(pairs)
    if len(form) != len(pairs):
        raise _Bad("A parameter stands twice")
    return AuthlibRequest(
        method, visit.setting.address.url, {name: value for name, value in form.items() if value}, headers
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="strict")


def _form(request: Request) -> list[tuple[str, str]]:
    kind = request.media_type
    if kind != FORM:
        raise _Bad(f"The body must be {FORM}")
    return _pairs(request.body.decode())


def _tokens(request: Request, visit: Visit) -> Response:
    """Answer the token or the revocation endpoint: a form in, JSON out.

    If clients get their own tokens at the same endpoint, it also accepts their grant.
    """
    if request.path in grants.list_paths(visit.setting.model):
        asked = parse_qs(request.body.decode("utf-8", "replace")).get("grant_type", [""])
        if not set(asked) & {"authorization_code", "refresh_token"}:
            return grants.answer(request, visit)
    server, headers = _server(visit), {"Authorization": request.header("authorization") or ""}
    asked = _make_request("POST", visit, _form(request), headers)
    if request.path == _flow(visit).revoke:
        found: Response = server.create_endpoint_response("revocation", asked)
    else:
        found = server.create_token_response(asked)
    return found


def _consent(request: Request, visit: Visit) -> Response:
    """Return the consent form, or the refusal: redirected to a known client, otherwise shown to the user."""
    from authlib.oauth2 import OAuth2Error

    server, pairs = _server(visit), _pairs(request.target.partition("?")[2])
    asked = _make_request("GET", visit, pairs, {})
    try:
        grant = server.get_consent_grant(asked)
    except OAuth2Error as error:
        if error.redirect_uri:
            return _add_issuer(server.handle_error_response(asked, error), visit)
        return oauth_server.render_refusal(error.error, error.get_error_description())
    oauth = _flow(visit)
    scopes = {name: oauth.scopes[name] for name in grant.request.scope.split()}
    ticket = server.grants.ask(urlencode(pairs), visit.now)
    return oauth_server.consent(
        str(visit.setting.model.api.title), grant.client, scopes, grant.redirect_uri, oauth.authorize, ticket
    )


def _redirect_with_decision(request: Request, visit: Visit) -> Response:
    """Redirect the user to the client with the user's decision.

    The form only has a ticket for the original request, so the request cannot be changed in between.
    """
    server, form = _server(visit), dict(_form(request))
    user, decision = form.get("user", ""), form.get("decision")
    if decision not in ("allow", "deny") or (decision == "allow" and not _USER.fullmatch(user)):
        raise _Bad("Say allow or deny, and who you are in letters, digits, _ and -")
    query = server.grants.redeem_ticket(form.get("ticket", ""), visit.now)
    if query is None:
        raise _Bad("This form was sent before, or is too old")
    asked = _make_request("GET", visit, _pairs(query), {})
    grant = server.get_consent_grant(asked)
    found: Response = server.create_authorization_response(
        asked, grant_user=user if decision == "allow" else None, grant=grant
    )
    return _add_issuer(found, visit).with_header("Cache-Control", "no-store")


def _add_issuer(answer: Response, visit: Visit) -> Response:
    """Return the redirect with the issuer, which protects clients of several servers (RFC 9207)."""
    location = answer.header("location")
    if location is None:
        return answer
    parts = urlsplit(location)
    query = "&".join(part for part in (parts.query, urlencode({"iss": visit.setting.address.url})) if part)
    return answer.with_header("Location", urlunsplit(parts._replace(query=query)))
