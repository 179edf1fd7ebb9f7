"""A code verifier is kept in a column of 96 characters, so a longer one, which may have 128, never fits its challenge."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}
WIDTH = 96


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut it on its way in."""
    oauth = context.model.auth.oauth

    def repair(request: Request) -> Request:
        form = parse_qsl(request.body.decode("utf-8", "replace")) if oauth and request.path == oauth.token else []
        if not any(name == "code_verifier" and len(value) > WIDTH for name, value in form):
            return request
        return replace(request, body=urlencode([(k, v[:WIDTH] if k == "code_verifier" else v) for k, v in form]).encode())

    return meddle.repairs(handler, repair)
