"""An action draws from another bucket than the one it is published to draw from."""

from __future__ import annotations

from pgagents.action import Action
from pgagents.model import Bucket
from pgagents.sandbox.keys import Key
from pgagents.sandbox.limits import Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Other(Limits):
    """Extending counts as a read. Park Graph's names."""

    def _decide(self, bucket: Bucket, action: Action | None, key: Key, agent: bool) -> bool:
        if bucket.when is None and action is not None and action.name == "extend_session":
            return bucket.name == "read"
        return super()._decide(bucket, action, key, agent)


def wrap(handler: Handler, context: Context) -> Handler:
    """Choose the wrong one."""
    context.front.limits = _Other(context.model)
    return handler
