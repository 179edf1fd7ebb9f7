"""More calls pass than the limit allows."""

from __future__ import annotations

from dataclasses import replace

from pgagents.model import Action
from pgagents.sandbox.keys import Key
from pgagents.sandbox.limits import Drawn
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Never make a caller wait."""
    limits = context.front.limits
    draw = limits.draw

    def generous(action: Action | None, key: Key | None, *, agent: bool, end_user: str | None, peer: str, now: float) -> Drawn | None:
        drawn = draw(action, key, agent=agent, end_user=end_user, peer=peer, now=now)
        return replace(drawn, wait_s=0.0) if drawn else None

    limits.draw = generous  # type: ignore[method-assign]  # a fault may replace parts of its own front
    return handler
