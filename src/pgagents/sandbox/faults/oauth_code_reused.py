"""A code is exchanged for tokens as often as it comes."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No code is remembered as used."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        if oauth is not None and request.path == oauth.token:
            with store.transaction():
                store.run("UPDATE oauth_code SET used = 0")
        return request

    return meddle.repairs(handler, repair)
