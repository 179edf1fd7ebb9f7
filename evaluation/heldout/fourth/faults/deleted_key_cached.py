"""Keys are cached for half a minute and a deletion does not clear them, so a deleted key goes on working
for a while.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "workflows.plans.steps.dead_search.status + operator.actions.delete_key.description:: a deleted key "
    "is refused from then on"
)


LIVES_S = 30.0


def wrap(handler: Handler, context: Context) -> Handler:
    ring, clock = context.front.keyring, context.front.clock
    find = ring.find
    cached: dict[str, tuple[Key, float]] = {}

    def found(token: str) -> Key | None:
        known = cached.get(token)
        if known is not None and clock.now() - known[1] < LIVES_S:
            return known[0]
        fresh = find(token)
        if fresh is not None:
            cached[token] = (fresh, clock.now())
        return fresh

    ring.find = found  # type: ignore[method-assign]  # what a cache in front of it does
    return handler


def shows(call: Shown) -> Any:
    id = call.new_key("made")
    before = call.status("GET", "/api/v1/webhooks", key="made")
    call.status("DELETE", f"/sandbox/v1/keys/{id}", key="operator")
    return before, call.status("GET", "/api/v1/webhooks", key="made")
