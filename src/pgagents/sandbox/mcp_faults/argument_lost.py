"""An optional number that a model gives never reaches the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"same_answer", "law"})
ALSO: dict[str, str] = {}
NUMBERS = ("number", "integer")


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave it out where it is right."""
    optional = [(a, p) for a in context.model.actions for p in a.params if not p.required and p.schema.get("type") in NUMBERS]
    numbers = {(str(a.name), str(p.name)): p.schema for a, p in optional}

    def lost(schema: Mapping[str, Any] | None, value: object) -> bool:
        if schema is None or not isinstance(value, int | float) or isinstance(value, bool):
            return False
        whole = schema["type"] == "number" or isinstance(value, int)
        above = value > schema.get("exclusiveMinimum", value - 1)
        return bool(whole and above and schema.get("minimum", value) <= value <= schema.get("maximum", value))

    return meddle_mcp.calls(handler, lambda tool, given: {k: v for k, v in given.items() if not lost(numbers.get((tool, k)), v)})
