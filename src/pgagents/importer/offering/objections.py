"""Find what vendors object to in an imported catalogue: errors of the build, and lint rules of one vendor."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.generate.build import build, plan
from pgagents.generate.target import Target
from pgagents.lint.rule import rules
from pgagents.lint.texts import list_model_actions
from pgagents.model.model import Model
from pgagents.source.source import Place, Pointer, Source

SECRET = "mcp/secret-argument"
_LONGER = re.compile(r" is longer than (\d+) characters?\Z")


@dataclass(frozen=True, slots=True)
class Objection:
    """One refusal by the vendor of a surface, at a place of the catalogue."""

    surface: str
    at: Pointer
    message: str

    @property
    def most(self) -> int | None:
        """The greatest length of a text, if the objection is about a text that is too long."""
        found = _LONGER.search(self.message)
        return int(found[1]) if found else None


def find_objections(
    model: Model, surfaces: Mapping[str, Any], choosing: Collection[str] = ()
) -> list[Objection]:
    """Return the refusals by the vendors of these surfaces, one for each place.

    For the surfaces in `choosing`, an argument that is a secret counts as a refusal.
    """
    ids = {
        id: target.surface
        for id, target in plan(model).items()
        if isinstance(target, Target) and target.surface in surfaces
    }
    found: dict[tuple[str, Pointer], Objection] = {}
    places: dict[tuple[int, int], Pointer] = {}
    for one in build(model, only=list(ids)).diagnostics if ids else ():
        limit = one.id.endswith("/limit")
        if one.severity != "error" and not limit:
            continue
        places = places or index_places(model.source)
        surface = ids.get("/".join(one.id.split("/")[:2])) or ""
        at = places.get((one.span.line, one.span.column), ())
        if limit and at[:1] not in (("actions",), ("schemas",)):
            continue
        found.setdefault((surface, at), Objection(surface, at, one.message))
    for objection in _find_hits(model, surfaces, choosing):
        found.setdefault((objection.surface, objection.at), objection)
    return list(found.values())


def _find_hits(model: Model, surfaces: Mapping[str, Any], choosing: Collection[str]) -> Iterator[Objection]:
    """Yield the errors of vendors' rules, and arguments by which a model would be asked for a secret."""
    for id, rule in rules().items():
        if id == SECRET:
            hits = list(rule.find(model))
            asking = {hit.origin[:2] for hit in hits}
            if 2 * len(asking) > len(list_model_actions(model)):
                # an argument that every operation has, such as Google's `access_token`, excludes no action
                continue
            for hit in hits:
                yield from (Objection(name, hit.origin, hit.message) for name in choosing)
        elif rule.severity == "error" and rule.surface in surfaces:
            for hit in rule.find(model):
                if (hit.severity or rule.severity) == "error":
                    yield Objection(str(rule.surface), hit.origin, hit.message)


def index_places(source: Source) -> dict[tuple[int, int], Pointer]:
    """Return, by line and column from 1, the pointer whose key begins there, otherwise the one whose value
    does.
    """
    found: dict[tuple[int, int], Pointer] = {}
    values: dict[tuple[int, int], Pointer] = {}
    level: list[tuple[Pointer, Place]] = [((), source.root)]
    while level:
        below: list[tuple[Pointer, Place]] = []
        for pointer, place in level:
            for (line, column), known in ((place.key, found), (place.value, values)):
                known.setdefault((line + 1, column + 1), pointer)
            below += (((*pointer, step), child) for step, child in (place.children or {}).items())
        level = below
    return {**values, **found}


class Users:
    """The actions that use each named schema, directly or through other schemas."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.actions: dict[str, set[str]] = {}
        self.schemas: dict[str, set[str]] = {}
        for section, found in (("actions", self.actions), ("schemas", self.schemas)):
            for name, value in data[section].items():
                for used in _list_references(value):
                    found.setdefault(used, set()).add(name)

    def of(self, schema: str) -> set[str]:
        """Return the names of the actions that use a schema."""
        using, waiting = {schema}, [schema]
        while waiting:
            more = self.schemas.get(waiting.pop(), set()) - using
            using |= more
            waiting += more
        return {action for name in using for action in self.actions.get(name, ())}


def _list_references(value: Any) -> set[str]:
    """Return the names of the schemas that a value refers to."""
    found: set[str] = set()
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(ref := node.get("$ref"), str):
                found.add(ref)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found
