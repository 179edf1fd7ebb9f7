"""A client that cannot keep a secret gets a code, and a token for it, without any challenge."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}
_ANY = "a" * 43


def wrap(handler: Handler, context: Context) -> Handler:
    """A challenge that everyone knows where none is sent, and its verifier where none is."""
    oauth = context.model.auth.oauth

    def repair(request: Request) -> Request:
        if oauth is not None and request.path == oauth.authorize and request.method == "GET":
            asked = dict(request.query)
            if asked and "code_challenge" not in asked:
                asked |= {"code_challenge": create_s256_code_challenge(_ANY), "code_challenge_method": oauth.pkce}
                return replace(request, target=f"{request.path}?{urlencode(asked)}")
        elif oauth is not None and request.path == oauth.token:
            form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
            if form.get("grant_type") == "authorization_code" and "code_verifier" not in form:
                return replace(request, body=urlencode({**form, "code_verifier": _ANY}).encode())
        return request

    return meddle.repairs(handler, repair)
