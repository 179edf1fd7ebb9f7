"""A key whose plan has any scope has all of them."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look only whether a plan is one that pays."""
    ring, plans = context.front.keyring, context.model.auth.plans
    every = tuple(dict.fromkeys(scope for scopes in plans.values() for scope in scopes))
    ring.scopes = lambda plan: every if plan is not None and plans.get(plan) else ()  # type: ignore[method-assign]  # a fault
    return handler
