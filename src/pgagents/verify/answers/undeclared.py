"""Find members of a body that its schema does not declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.verify.check.setting import Setting

MAX_DEPTH = 20
_NESTED = (dict, list)
_ANY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The members and the items that a schema declares.

    `free` is true if the schema also declares a schema for additional members.
    """

    schema: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]]
    free: bool
    items: Mapping[str, Any]


def find_undeclared(body: Any, schema: Mapping[str, Any], setting: Setting) -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of each member that the schema does not declare, and of all members inside
    it.
    """
    if not _all_declared(body, schema, setting, 0):
        yield from _find_undeclared(body, schema, setting, "", 0)


def _all_declared(body: Any, schema: Mapping[str, Any], setting: Setting, depth: int) -> bool:
    """True if every member is declared, as in nearly every body. This is faster than listing members."""
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
        return all(
            not isinstance(item, _NESTED) or _all_declared(item, shape.items, setting, depth + 1)
            for item in body
        )
    return True


def _find_undeclared(
    body: Any, schema: Mapping[str, Any], setting: Setting, path: str, depth: int
) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    shape = _shape(schema, setting)
    if isinstance(body, Mapping):
        for name, value in body.items():
            here = f"{path}.{name}" if path else str(name)
            if name in shape.members:
                yield from _find_undeclared(value, shape.members[name], setting, here, depth + 1)
            elif not shape.free:
                yield here, value
                yield from _all(value, here, depth + 1)
    elif isinstance(body, list):
        for index, item in enumerate(body):
            yield from _find_undeclared(
                item, shape.items, setting, f"{path}.{index}" if path else str(index), depth + 1
            )


def _shape(schema: Mapping[str, Any], setting: Setting) -> _Shape:
    """Return the declared members and items of a schema, computed once a run.

    The result keeps the schema alive, because it is cached by the schema's `id()`.
    """
    return setting.compute_once(("shape", id(schema)), lambda: _make_shape(schema, _parts(schema, setting)))


def _make_shape(schema: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> _Shape:
    members: dict[str, Mapping[str, Any]] = {}
    for part in parts:
        members.update(part.get("properties") or {})
    free = any(
        isinstance(part.get("additionalProperties"), Mapping)
        or "patternProperties" in part
        or isinstance(part.get("unevaluatedProperties"), Mapping)
        for part in parts
    )
    return _Shape(
        schema, members, free, next((p["items"] for p in parts if isinstance(p.get("items"), Mapping)), _ANY)
    )


def _parts(schema: Mapping[str, Any], setting: Setting) -> list[Mapping[str, Any]]:
    """Return a schema with all schemas that it is combined with."""
    schema = setting.resolve_schema(schema)
    found = [schema]
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key) or ():
            found += _parts(part, setting)
    for key in ("then", "else"):
        found += _parts(schema[key], setting) if key in schema else []
    for part in schema.get("dependentSchemas", {}).values():
        found += _parts(part, setting)
    return found


def _all(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH:
        return
    pairs = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in pairs:
        yield f"{path}.{name}", member
        yield from _all(member, f"{path}.{name}", depth + 1)
