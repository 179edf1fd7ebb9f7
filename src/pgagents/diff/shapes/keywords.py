"""Compare the keywords of two schemas, and walk two schemas of equal structure in parallel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.diff.named import ANNOTATIONS
from pgagents.text.brief import brief

ABSENT: Any = object()
"""The value of a keyword that a schema does not have."""


def walk_alongside(
    old: Any, new: Any, path: str, *, same: bool = False
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], str]]:
    """Yield pairs of schemas in the same place of two schemas of equal structure.

    Equal pairs are left out unless `same` is true.
    """
    stack: list[tuple[Any, Any, str]] = [(old, new, path)]
    while stack:
        a, b, at = stack.pop()
        if not isinstance(a, Mapping) or not isinstance(b, Mapping) or (a == b and not same):
            continue
        yield a, b, at
        for key in ("properties", "patternProperties"):
            for name, member in (a.get(key) or {}).items():
                stack.append((member, (b.get(key) or {}).get(name), f"{at}.{name}" if at else name))
        for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
            if key in a:
                stack.append((a[key], b.get(key), f"{at}{mark}"))
        for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            stack.extend((x, y, at) for x, y in zip(a.get(key) or (), b.get(key) or (), strict=False))


def keywords(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Describe at most three differing keywords of two schemas; empty if none differ."""
    told = []
    for key in dict.fromkeys([*old, *new]):
        if key in ANNOTATIONS or key in ("anyOf", "oneOf", "allOf"):
            continue
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if not is_same(before, after):
            told.append(
                f"{key} {'none' if after is ABSENT else shorten_json(after)}, was "
                f"{'none' if before is ABSENT else shorten_json(before)}"
            )
    return f" ({'; '.join(told[:3])})" if told else ""


def is_same(a: Any, b: Any) -> bool:
    """True if two values are the same as JSON, or both absent."""
    if a is ABSENT or b is ABSENT:
        return a is b
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def shorten_json(value: Any) -> str:
    """Return a value as JSON, cut to sixty characters."""
    return brief(json.dumps(value, ensure_ascii=False), 60)
