"""A client that proves itself with its secret is asked for no verifier, though it sent a challenge."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the challenge, and the verifier that comes with it, off a code that is exchanged with a secret."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if oauth and request.path == oauth.token else {}
        secret = "client_secret" in form or (request.header("authorization") or "").startswith("Basic ")
        if secret and form.get("grant_type") == "authorization_code":
            with store.transaction():
                made = digest(form.get("code", ""))
                store.run("UPDATE oauth_code SET code_challenge = NULL, code_challenge_method = NULL WHERE hash = ?", made)
            form.pop("code_verifier", None)
            return replace(request, body=urlencode(form).encode())
        return request

    return meddle.repairs(handler, repair)
