"""A refresh token serves as an access token, since tokens are looked up whatever they are for."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.keys import Key, ordinary
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"oauth_lifetimes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take a living refresh token for a key, too."""
    grants, ring = context.front.grants, context.front.keyring
    if grants is not None:
        inner, told = grants.key, grants.token

        def key(text: str, now: float) -> Key | None:
            token = told(text, now, "refresh")
            if token is None:
                return inner(text, now)
            return replace(ordinary(ring), role="oauth", id=token.family, sub=token.sub, granted=tuple(token.scope.split()))

        grants.key = key  # type: ignore[method-assign]  # a fault replaces it
    return handler
