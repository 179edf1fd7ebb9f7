"""Complete a sample so that it satisfies keywords that apply other schemas, such as `contains` and `if`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pgagents.jsonschema import schema as schemas

_WORDS = frozenset(
    ("contains", "dependentRequired", "dependentSchemas", "if", "not", "patternProperties", "minProperties")
)
Sample = Callable[[Mapping[str, Any]], Any]
MOST_CONTAINED = 10_000
"""Most items that `contains` wants which are added."""
_OTHERS = ("text-2", "Text", "a", 1, 2, 7, 0.5, True)


def complete(
    value: Any,
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
    sample: Sample,
) -> Any:
    """Return the value; if a keyword refuses it, a similar one that the schema accepts."""
    if not _WORDS & schema.keys() or _fits(schema, known, value):
        return value
    if isinstance(value, dict):
        value = _object(dict(value), schema, known, sample)
    if isinstance(value, list) and "contains" in schema:
        return [*value, *[sample(schema["contains"])] * min(schema.get("minContains", 1), MOST_CONTAINED)]
    if "not" in schema and not _fits(schema, known, value):
        return next((other for other in _OTHERS if _fits(schema, known, other)), value)
    return value


def _object(
    value: dict[str, Any],
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
    sample: Sample,
) -> dict[str, Any]:
    members = schema.get("properties", {})
    lacking = [
        name
        for trigger, names in schema.get("dependentRequired", {}).items()
        if trigger in value
        for name in names
    ]
    parts = [part for trigger, part in schema.get("dependentSchemas", {}).items() if trigger in value]
    if "if" in schema:
        parts.append(schema.get("then" if _fits(schema["if"], known, value) else "else", {}))
    for part in (schemas.resolve(part, known) for part in parts):
        own = {
            n: {**schemas.resolve(members.get(n, {}), known), **s}
            for n, s in part.get("properties", {}).items()
        }
        members = {**members, **own}
        lacking += [*part.get("required", ()), *(name for name in own if name in value)]
    for name in lacking:
        value[name] = sample(members.get(name, {}))
    for name, member in members.items():
        if len(value) < schema.get("minProperties", 0):
            value.setdefault(name, sample(member))
    return value


def _fits(schema: Mapping[str, Any], known: Mapping[str, Any], value: Any) -> bool:
    needed = {name: known[name] for name in schemas.closure(schema, known)}
    return bool(_validator(json.dumps([schema, needed], sort_keys=True, default=str)).is_valid(value))


@lru_cache(maxsize=500)
def _validator(text: str) -> Any:
    schema, known = json.loads(text)
    return schemas.validator(schema, known)
