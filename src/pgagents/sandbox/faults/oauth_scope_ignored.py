"""An access token may do everything, whatever its user granted."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"oauth_grants"})
ALSO = {
    "needs_grant": "it is tried for every action, too",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """All scopes in every token. Park Graph's names."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        if oauth is not None and request.path.startswith("/api/"):  # the API itself, not its token endpoint
            with store.transaction():
                store.run("UPDATE oauth_token SET scope = 'read sessions:write intelligence'")
        return request

    return meddle.repairs(handler, repair)
