"""A refresh token works on after it was exchanged for another."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No refresh token is remembered as used."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        if oauth is not None and request.path == oauth.token:
            with store.transaction():
                store.run("UPDATE oauth_token SET used = 0")
        return request

    return meddle.repairs(handler, repair)
