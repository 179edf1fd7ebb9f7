"""What is kept in capitals is looked up as it was asked for, so that small letters find nothing."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"reads_back"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Find nothing for small letters where a law raises them. Any catalogue's lists."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        laws = " ".join(law.that.text for law in call.action.laws)
        raised = [v for k, v in call.input.items() if isinstance(v, str) and f"upper(input.{k})" in laws]
        if call.action.effect == "read" and not isinstance(found, Refusal) and any(v != v.upper() for v in raised):
            return {k: [] if isinstance(v, list) else None if k.startswith("next") else v for k, v in found.items()}
        return found

    context.front.domain = act
    return handler
