"""Combine an object or list that contains expressions into a single expression."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.expression import compile as compiled


def fold(value: Any) -> Any:
    """Return an object or list that contains expressions as one expression; any other value unchanged."""
    inside = list(_list_expressions(value)) if isinstance(value, dict | list) else []
    if not inside:
        return value
    return compiled(_write_value(value), frozenset().union(*(found.names for found in inside)))


def _list_expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _list_expressions(one)


def _write_value(value: Any) -> str:
    """Write a value as CEL, with numbers as doubles."""
    if isinstance(value, Expression):
        return f"({value.canonical})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_write_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_value, value)) + "]"
    whole = isinstance(value, int) and not isinstance(value, bool)
    return json.dumps(float(value) if whole else value, ensure_ascii=False)
