"""Find times in answers, and check that they have the form that the catalogue fixes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.verify.check.setting import Setting

_FRACTION = re.compile(r"\d\.\d+(Z|[+-]\d\d:\d\d)$", re.I)


def find_malformed_time(setting: Setting, body: Any, schema: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the first malformed time in an answer, as (expected, actual); None if all have the catalogue's
    form.
    """
    points = setting.model.behaviour
    if points.time_zone == "any" and points.time_fraction == "any":
        return None
    for path, text in _moments(body, schema, setting, ()):
        if points.time_zone == "Z" and not text.endswith("Z"):
            return f"{path} is in UTC with Z", f"{path}: {text}"
        if points.time_fraction == "none" and _FRACTION.search(text):
            return f"{path} has whole seconds", f"{path}: {text}"
    return None


def _moments(
    body: Any, schema: Mapping[str, Any], setting: Setting, path: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    found = setting.compute_once(("moments", id(schema)), lambda: _make_timed(schema, setting))
    if found.is_time and isinstance(body, str):
        yield ".".join(path), body
    elif isinstance(body, dict):
        for name, member in found.members:
            if name in body:
                yield from _moments(body[name], member, setting, (*path, name))
    elif isinstance(body, list) and found.items is not None:
        for index, item in enumerate(body):
            yield from _moments(item, found.items, setting, (*path, str(index)))


@dataclass(frozen=True, slots=True)
class _Timed:
    """The parts of a schema that may hold times: the schema itself, its members and its items.

    It keeps the schema alive, because results are cached by the schema's `id()`.
    """

    schema: Mapping[str, Any]
    is_time: bool
    members: tuple[tuple[str, Mapping[str, Any]], ...]
    items: Mapping[str, Any] | None


def _make_timed(given: Mapping[str, Any], setting: Setting) -> _Timed:
    schema = setting.resolve_schema(given)
    parts = (schema, *(setting.resolve_schema(s) for s in schema.get("allOf", ())))
    members = [(name, member) for part in parts for name, member in part.get("properties", {}).items()]
    within = tuple((name, member) for name, member in members if _may_hold(setting.resolve_schema(member)))
    items = schema.get("items")
    return _Timed(
        given, schema.get("format") == "date-time", within, items if isinstance(items, Mapping) else None
    )


def _may_hold(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "date-time" or not schema.keys().isdisjoint(
        ("properties", "allOf", "items")
    )
