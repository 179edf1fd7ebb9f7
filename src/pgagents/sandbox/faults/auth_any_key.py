"""Any token with the right prefix is taken for a key."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import LIFTED_PER_MINUTE, Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look at the prefix only."""
    ring = context.front.keyring
    plan = max(context.model.auth.plans, key=lambda p: len(context.model.auth.plans[p]), default=None)
    token = ring.mint(Key("key_any", "made", "main", plan, ring.scopes(plan), "test", per_minute=LIFTED_PER_MINUTE))

    def repair(request: Request) -> Request:
        given = (request.header("authorization") or "").partition(" ")[2]
        if given.startswith((ring.prefix("test"), ring.prefix("live"))) and ring.find(given) is None:
            return request.with_header("Authorization", f"Bearer {token}")
        return request

    return meddle.repairs(handler, repair)
