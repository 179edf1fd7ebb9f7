"""Every call is served, with a key or without."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import LIFTED_PER_MINUTE, Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO = {
    "oauth_grants": "a token without the scope, and one that was revoked, are taken for that key",
    "audits_writes": "what calls without a key did stands in the rows of that key",
    "needs_grant": "a token without the scope is taken for that key",
    "oauth_lifetimes": "a token that is dead is taken for that key",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give a call without a good key one of our own."""
    ring = context.front.keyring
    plan = max(context.model.auth.plans, key=lambda p: len(context.model.auth.plans[p]), default=None)
    token = ring.mint(Key("key_open_door", "made", "main", plan, ring.scopes(plan), "test", per_minute=LIFTED_PER_MINUTE))

    def repair(request: Request) -> Request:
        scheme, _, given = (request.header("authorization") or "").partition(" ")
        known = scheme.lower() == "bearer" and ring.find(given) is not None
        return request if known else request.with_header("Authorization", f"Bearer {token}")

    return meddle.repairs(handler, repair)
