"""What schemas allow and hardly anybody means is refused: one item twice in a list, a moment centuries away, a name that is no known one
but for its case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse it as any other wrong argument."""
    inner, invalid = context.front.domain, context.model.errors.framework.invalid
    known = set(_texts(context.model.env))

    def act(call: Call) -> Any:
        for param in call.action.params:
            value = call.input.get(str(param.name))
            if _twice(value) or _far(value, param.schema.get("format")) or (isinstance(value, dict) and _odd(value, known)):
                return Refusal(invalid, "That is hardly meant", param.wire)
        return inner(call)

    context.front.domain = act
    return handler


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif not isinstance(value, int | float | None):
        for inner in value.values() if hasattr(value, "values") else value:
            yield from _texts(inner)


def _twice(value: Any) -> bool:
    """Whether two items of a list are the same but for their case."""
    items = [str(item).lower() for item in value] if isinstance(value, list) else []
    return len(set(items)) < len(items)


def _far(value: Any, form: Any) -> bool:
    return form == "date-time" and isinstance(value, str) and not "1000" < value < "9000"


def _odd(value: dict[str, Any], known: set[str]) -> bool:
    """Whether a text is a known one in the other case."""
    return any(text not in known and text.swapcase() in known for text in _texts(value))
