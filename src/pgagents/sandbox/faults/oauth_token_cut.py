"""OAuth's tokens are looked up by as many characters as theirs have, so what follows is ignored."""

from __future__ import annotations

from pgagents.sandbox.oauth_grants import Token
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"oauth_lifetimes"})
ALSO: dict[str, str] = {}
WIDTH = 44


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut what is given to the width of the column."""
    grants = context.front.grants
    if grants is not None:
        inner = grants.token

        def token(text: str, now: float, kind: str | None = None) -> Token | None:
            return inner(text[:WIDTH], now, kind)

        grants.token = token  # type: ignore[method-assign]  # a fault replaces it
    return handler
