"""Numbers are rounded before they are held against their bounds, so that what is a hair beyond passes."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {"keeps_offer": "no vendor's document lets it through, and the API takes it"}
NEAR = 0.000_01


def wrap(handler: Handler, context: Context) -> Handler:
    """Round what is next to two places."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        given = reader.arguments(request)
        rounded = {k: _rounded(v) for k, v in given.items()}
        return reader.with_arguments(request, rounded) if rounded != given else request

    return meddle.repairs(handler, repair)


def _rounded(value: Any) -> Any:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return value
    if number is None or not abs(number) < 1e6 or number == round(number, 2) or abs(number - round(number, 2)) > NEAR:
        return value
    return round(number, 2) if isinstance(value, float) else f"{round(number, 2):g}"
