"""An access token is told to live an hour and lives a day."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"oauth_lifetimes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep each access token 23 hours longer than was said."""
    if context.model.auth.oauth is not None:
        context.front.store.script(
            "CREATE TRIGGER IF NOT EXISTS access_lives AFTER INSERT ON oauth_token WHEN NEW.kind = 'access' "
            "BEGIN UPDATE oauth_token SET dies_at = NEW.dies_at + 82800 WHERE hash = NEW.hash; END"
        )
    return handler
