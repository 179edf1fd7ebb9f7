"""An access token serves as a refresh token, since tokens are looked up whatever they are for."""

from __future__ import annotations

from pgagents.sandbox.oauth_grants import Token
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"oauth_near_tokens"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Forget which kind was asked for."""
    grants = context.front.grants
    if grants is not None:
        inner = grants.token

        def token(text: str, now: float, kind: str | None = None) -> Token | None:
            del kind
            return inner(text, now)

        grants.token = token  # type: ignore[method-assign]  # a fault replaces it
    return handler
