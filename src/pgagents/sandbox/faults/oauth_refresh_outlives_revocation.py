"""A refresh token works on after it was revoked."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"oauth_grants"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No refresh token is remembered as revoked; access tokens are."""
    if context.model.auth.oauth is not None:
        context.front.store.script(
            "CREATE TRIGGER IF NOT EXISTS refresh_lives AFTER UPDATE OF revoked ON oauth_token "
            "WHEN NEW.revoked = 1 AND NEW.kind = 'refresh' AND NEW.used = 0 "
            "BEGIN UPDATE oauth_token SET revoked = 0 WHERE hash = NEW.hash; END"
        )
    return handler
