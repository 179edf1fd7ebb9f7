"""A code is exchanged whether its verifier fits, does not, or is missing."""

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
    """Let every code that waits have the challenge of the verifier that comes; make one up where none comes."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if oauth and request.path == oauth.token else {}
        if form.get("grant_type") != "authorization_code":
            return request
        form.setdefault("code_verifier", _ANY)
        with store.transaction():
            made = create_s256_code_challenge(form["code_verifier"])
            store.run("UPDATE oauth_code SET code_challenge = ?, code_challenge_method = 'S256'", made)
        return replace(request, body=urlencode(form).encode())

    return meddle.repairs(handler, repair)
