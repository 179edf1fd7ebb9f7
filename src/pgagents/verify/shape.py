"""What a body has that its schema does not declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.verify.memory import Setting

MAX_DEPTH = 20


def undeclared(body: Any, schema: Mapping[str, Any], setting: Setting, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Members (dotted path, value) that no schema of the object declares, what is inside them included."""
    if depth > MAX_DEPTH:
        return
    parts = _parts(schema, setting)
    if isinstance(body, Mapping):
        declared: dict[str, Mapping[str, Any]] = {}
        free = False
        for part in parts:
            declared.update(part.get("properties") or {})
            free = free or isinstance(part.get("additionalProperties"), Mapping)
        for name, value in body.items():
            here = f"{path}.{name}" if path else str(name)
            if name in declared:
                yield from undeclared(value, declared[name], setting, here, depth + 1)
            elif not free:
                yield here, value
                yield from _all(value, here, depth + 1)
    elif isinstance(body, list):
        items: Mapping[str, Any] = next((p["items"] for p in parts if isinstance(p.get("items"), Mapping)), {})
        for index, item in enumerate(body):
            yield from undeclared(item, items, setting, f"{path}.{index}" if path else str(index), depth + 1)


def _parts(schema: Mapping[str, Any], setting: Setting) -> list[Mapping[str, Any]]:
    """The schema and all that are combined with it."""
    schema = setting.named(schema)
    found = [schema]
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key) or ():
            found += _parts(part, setting)
    return found


def _all(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, member in pairs:
        yield f"{path}.{name}", member
        yield from _all(member, f"{path}.{name}", depth + 1)
