"""Exchange a client's id and secret for an access token (RFC 6749, 4.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from pgagents.http import Request, Response, json_bytes
from pgagents.model.model import Model
from pgagents.sandbox.hosting.site import Visit

FORM = "application/x-www-form-urlencoded"
LIVES_S = 60


def list_paths(model: Model) -> dict[str, str]:
    """Map the path of each token endpoint to its scheme. Endpoints on other hosts are included."""
    return {
        credential.exchange.find_place(str(model.api.server)): name
        for name, credential in model.credentials.items()
        if credential.exchange is not None
    }


def answer(request: Request, visit: Visit) -> Response:
    """Return an access token, or the error of RFC 6749 (5.2)."""
    model, keyring = visit.setting.model, visit.setting.keyring
    scheme = list_paths(model)[request.path]
    exchange = model.credentials[scheme].exchange
    assert exchange is not None
    kind = request.media_type
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return _refuse("invalid_request")
    form = dict(pairs)
    if kind != FORM or len(form) != len(pairs) or "grant_type" not in form:
        return _refuse("invalid_request")
    client = _find_client(request, form, in_body=exchange.in_body)
    key = keyring.find(client) if client is not None else None
    if key is None or key.scheme not in ("", scheme) or key.granted is not None:
        return _refuse("invalid_client", 401)
    if form["grant_type"] != "client_credentials":
        return _refuse("unsupported_grant_type")
    scopes = form.get("scope", "").split() or list(exchange.scopes)
    if not set(scopes) <= set(exchange.scopes):
        return _refuse("invalid_scope")
    token = keyring.issue(key, visit.now + LIVES_S)
    made: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": LIVES_S}
    return _json({**made, "scope": " ".join(scopes)} if scopes else made)


def _find_client(request: Request, form: Mapping[str, str], *, in_body: bool) -> str | None:
    """Return `client_id:client_secret` of the request; None if it has none, or two."""
    word, _, rest = (request.header("authorization") or "").partition(" ")
    inside = f"{form['client_id']}:{form.get('client_secret', '')}" if "client_id" in form else None
    if in_body or not word:
        return inside if in_body and not word else None
    if word.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return f"{unquote_plus(user)}:{unquote_plus(password)}" if colon else None


def _json(data: Any, status: int = 200) -> Response:
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, headers, json_bytes(data))


def _refuse(error: str, status: int = 400) -> Response:
    refused = _json({"error": error}, status)
    return refused.with_header("WWW-Authenticate", 'Basic realm="clients"') if status == 401 else refused
