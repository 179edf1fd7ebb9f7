"""The dispatcher also runs actions that are not of its set."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.oddity import Context
from pgagents.sandbox.routes import Routes
from pgagents.wire import Handler

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give every dispatcher all actions that need a key."""
    model = context.model
    every = tuple(a for a in model.actions if a.key)
    context.front.routes = Routes(replace(model, dispatchers=tuple(replace(d, actions=every) for d in model.dispatchers)))
    return handler
