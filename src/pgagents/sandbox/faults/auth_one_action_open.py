"""One read by id forgot to ask for a key."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.keys import LIFTED_PER_MINUTE, Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give that action a key where it has none."""
    reader, ring = meddle.Reader(context.model), context.front.keyring
    victim = meddle.read_by_id(context.model)
    plan = max(context.model.auth.plans, key=lambda p: len(context.model.auth.plans[p]), default=None)
    token = ring.mint(Key("key_side_door", "made", "main", plan, ring.scopes(plan), "test", per_minute=LIFTED_PER_MINUTE))

    def repair(request: Request) -> Request:
        if request.header("authorization") is not None or reader.action(request) is not victim:
            return request
        return request.with_header("Authorization", f"Bearer {token}")

    return meddle.repairs(handler, repair)
