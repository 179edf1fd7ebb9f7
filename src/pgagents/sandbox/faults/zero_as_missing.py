"""Zero for an argument is taken for none."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"accepts_valid"})
ALSO: dict[str, str] = {"keeps_offer": "a vendor's document lets zero through"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse a required number that is false to the language."""
    inner, invalid = context.front.domain, context.model.errors.framework.invalid

    def act(call: Call) -> Any:
        missing = next(
            (p for p in call.action.params if p.required and p.schema.get("type") == "number" and not call.input.get(str(p.name))), None
        )
        return inner(call) if missing is None else Refusal(invalid, "is required", str(missing.name))

    context.front.domain = act
    return handler
