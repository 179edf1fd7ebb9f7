"""What was just made cannot be read: it is there only after a day."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"reads_back"})
ALSO: dict[str, str] = {
    "accepts_valid": "a valid read of what exists is refused",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse every read by id of a thing that was made."""
    inner, model = context.front.domain, context.model
    missing = {c.action.name: r.missing for r in model.resources.values() if r.made_by and r.missing for c in r.read_by}

    def act(call: Call) -> Any:
        code = missing.get(call.action.name)
        return Refusal(code.name, "There is no such thing yet") if code else inner(call)

    context.front.domain = act
    return handler
