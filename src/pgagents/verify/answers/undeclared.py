"""What a body has that its schema does not declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.verify.check.memory import Setting

MAX_DEPTH = 20
_NESTED = (dict, list)
_ANY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a schema declares of an object and of a list; `free` where further members of an object are declared too."""

    schema: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]]
    free: bool
    items: Mapping[str, Any]


def undeclared(body: Any, schema: Mapping[str, Any], setting: Setting) -> Iterator[tuple[str, Any]]:
    """Members (dotted path, value) that no schema of the object declares, what is inside them included."""
    if not _all_declared(body, schema, setting, 0):
        yield from _undeclared(body, schema, setting, "", 0)


def _all_declared(body: Any, schema: Mapping[str, Any], setting: Setting, depth: int) -> bool:
    """Whether there is nothing to name, which is so of nearly every body."""
    if depth > MAX_DEPTH:
        return True
    shape = _shape(schema, setting)
    if isinstance(body, dict):
        for name, value in body.items():
            inside = shape.members.get(name)
            if inside is None:
                if not shape.free:
                    return False
            elif isinstance(value, _NESTED) and not _all_declared(value, inside, setting, depth + 1):
                return False
    elif isinstance(body, list):
        return all(not isinstance(item, _NESTED) or _all_declared(item, shape.items, setting, depth + 1) for item in body)
    return True


def _undeclared(body: Any, schema: Mapping[str, Any], setting: Setting, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    shape = _shape(schema, setting)
    if isinstance(body, Mapping):
        for name, value in body.items():
            here = f"{path}.{name}" if path else str(name)
            if name in shape.members:
                yield from _undeclared(value, shape.members[name], setting, here, depth + 1)
            elif not shape.free:
                yield here, value
                yield from _all(value, here, depth + 1)
    elif isinstance(body, list):
        for index, item in enumerate(body):
            yield from _undeclared(item, shape.items, setting, f"{path}.{index}" if path else str(index), depth + 1)


def _shape(schema: Mapping[str, Any], setting: Setting) -> _Shape:
    """Made once a run for each schema of the catalogue; the shape keeps its schema alive, so that no other takes its id."""
    return setting.compute_once(("shape", id(schema)), lambda: _made(schema, _parts(schema, setting)))


def _made(schema: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> _Shape:
    members: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        members.update(part.get("properties") or {})
    free = any(isinstance(part.get("additionalProperties"), Mapping) for part in parts)
    return _Shape(schema, members, free, next((p["items"] for p in parts if isinstance(p.get("items"), Mapping)), _ANY))


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
