"""The body of a success satisfies the schema that was promised for its status."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.contract import Contract
from pgagents.verify.check import Judgement, broken, kept, promise
from pgagents.verify.door import Door
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.seen import Seen

RANK = 2
NAME = "body_fits"
TOOLS = True
_FRACTION = re.compile(r"\d\.\d+(Z|[+-]\d\d:\d\d)$", re.I)


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each success of each door."""
    for door in setting.every_door:
        for status, output in _outputs(door):
            says = f"the {status} body of {door.action.name} satisfies its schema" if output.schema else f"a {status} has no body"
            yield promise(NAME, str(status), door, says, output.origin, door.action.cite)


def _outputs(door: Door) -> list[tuple[int, Any]]:
    if not door.on_rest:
        return [(200, door.action.success)]
    return [(o.status, o) for o in door.action.outputs if 200 <= o.status < 300]


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every documented success."""
    if seen.output is None or seen.call.intent == "framework":
        return
    contract = f"{NAME}/{seen.status}/{seen.place}"
    schema = seen.output.schema
    if schema is None:
        yield kept(contract) if seen.fits else broken(contract, "no body", "a body")
        return
    if seen.fits:
        problem = _times(seen.body, schema, memory)
        if problem:
            seen.fits = False
            yield broken(contract, *problem)
        else:
            yield kept(contract)
        return
    if seen.json.problem:
        yield broken(contract, "a JSON body", seen.json.problem)
        return
    test = memory.setting.test(("output", seen.place.partition("@")[0], seen.output.status), schema)
    error = next(iter(test.iter_errors(seen.body)))
    where = ".".join(map(str, error.instance_path)) or "the body"
    yield broken(contract, f"{where} satisfies its schema", f"{where}: {error.message[:300]}")


def _times(body: Any, schema: Mapping[str, Any], memory: Memory) -> tuple[str, str] | None:
    """A time that is not in the form the catalogue fixes."""
    points = memory.model.points
    if points.time_zone == "any" and points.time_fraction == "any":
        return None
    for path, text in _moments(body, schema, memory, ()):
        if points.time_zone == "Z" and not text.endswith("Z"):
            return f"{path} is in UTC with Z", f"{path}: {text}"
        if points.time_fraction == "none" and _FRACTION.search(text):
            return f"{path} has whole seconds", f"{path}: {text}"
    return None


def _moments(body: Any, schema: Mapping[str, Any], memory: Memory, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    found = memory.setting.kept((NAME, "timed", id(schema)), lambda: _timed(schema, memory.setting))
    if found.is_time and isinstance(body, str):
        yield ".".join(path), body
    elif isinstance(body, dict):
        for name, member in found.members:
            if name in body:
                yield from _moments(body[name], member, memory, (*path, name))
    elif isinstance(body, list) and found.items is not None:
        for index, item in enumerate(body):
            yield from _moments(item, found.items, memory, (*path, str(index)))


@dataclass(frozen=True, slots=True)
class _Timed:
    """Where a schema may have times: itself, in which members, in its items. It keeps its schema alive, so that no other takes its id."""

    schema: Mapping[str, Any]
    is_time: bool
    members: tuple[tuple[str, Mapping[str, Any]], ...]
    items: Mapping[str, Any] | None


def _timed(given: Mapping[str, Any], setting: Setting) -> _Timed:
    schema = setting.named(given)
    parts = (schema, *(setting.named(s) for s in schema.get("allOf", ())))
    members = [(name, member) for part in parts for name, member in part.get("properties", {}).items()]
    within = tuple((name, member) for name, member in members if _may_hold(setting.named(member)))
    items = schema.get("items")
    return _Timed(given, schema.get("format") == "date-time", within, items if isinstance(items, Mapping) else None)


def _may_hold(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "date-time" or not schema.keys().isdisjoint(("properties", "allOf", "items"))
