"""A call that the payment processor makes fail has had its effect already."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"fails_cleanly"})
ALSO = {"refused_leaves_nothing": "what the failed call made is in the list that nobody else's was made for"}
FAILED = "BAD_GATEWAY"


def wrap(handler: Handler, context: Context) -> Handler:
    """Do it all the same, and tell of the failure. Park Graph's code."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == FAILED:
            inner(call)
        return found

    context.front.domain = act
    return handler
