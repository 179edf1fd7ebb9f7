"""Revoking a refresh token ends that token alone: access tokens live until their time is over, which is soon (RFC 7009 says SHOULD)."""

from __future__ import annotations

from pgagents.sandbox.oauth_grants import Token
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """With a refresh token no access token of its consent is ended."""
    grants = context.front.grants
    if grants is None:
        return handler
    revoke, store = grants.revoke_token, context.front.store

    def alone(token: Token) -> None:
        if token.kind == "refresh":
            store.run("UPDATE oauth_token SET revoked = 1 WHERE hash = ?", token.hash)
        else:
            revoke(token)

    grants.revoke_token = alone  # type: ignore[method-assign]  # a liberty stands in for the grants' own way
    return handler
