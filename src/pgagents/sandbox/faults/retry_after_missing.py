"""A limited call does not say when to come back."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


def wrap(handler: Handler, context: Context) -> Handler:
    """Drop Retry-After."""
    names = context.model.limits.headers
    return meddle.edits(handler, lambda _, answer: answer.with_header(names.retry, None) if names else answer)
