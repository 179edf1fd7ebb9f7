"""Convert JSON Schemas of any OpenAPI edition into the catalogue's schemas, with notes on what is lost."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from pgagents.importer.reading.names import identifier
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found, References
from pgagents.importer.schemas.conversion import Conversion
from pgagents.jsonschema.schema import TOO_MANY_TRIES, list_endless
from pgagents.source.source import Pointer
from pgagents.text.brief import brief


class Schemas:
    """Convert schemas, and collect the named schemas they refer to.

    `modern` is true for OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
    """

    def __init__(self, references: References, notes: Notes, *, modern: bool) -> None:
        self.references, self.notes, self.modern = references, notes, modern
        self.named: dict[str, dict[str, Any]] = {}
        self.by_place: dict[tuple[str, str], str] = {}
        self.taken: set[str] = set()
        self.pending: deque[tuple[str, Found]] = deque()
        self.widened: set[str] = set()
        self.given: dict[str, str] = {}
        self.found: dict[str, Found] = {}
        """The document's own schema for each name."""

    def convert(self, found: Found, at: Pointer) -> dict[str, Any]:
        """Convert one schema. `at` is its future pointer in the catalogue."""
        raw = found.value
        if isinstance(raw, bool):
            if not raw:
                self.widen(at, "a schema that takes nothing is not carried", found)
            return {}
        if not isinstance(raw, dict):
            self.widen(at, "no schema stands here; anything is taken", found)
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._reference(found, at)
        return Conversion(self, found, at).make()

    def finish(self) -> None:
        """Convert every schema that was referred to, then relax `oneOf` if one of its branches was
        widened.
        """
        while self.pending:
            name, found = self.pending.popleft()
            self.named[name] = self.convert(found, ("schemas", name))
            self.found[name] = found
        self._widen_endless()
        users: dict[str, list[str]] = {}
        for name, schema in self.named.items():
            for other in _find_references(schema):
                users.setdefault(other, []).append(name)
        wanted = list(self.widened)
        while wanted:
            for user in users.get(wanted.pop(), ()):
                if user not in self.widened:
                    self.widened.add(user)
                    wanted.append(user)
        for schema in self.named.values():
            self.relax(schema)

    def _widen_endless(self) -> None:
        """Replace schemas to which no value can be held in bounded time by one that takes anything."""
        while endless := list_endless(self.named, ""):
            for name in endless:
                self.named[name] = {}
                message = (
                    f"a value is held to more than {TOO_MANY_TRIES:,} schemas here, the same ones "
                    "again and again; anything is taken"
                )
                if name in self.found:
                    self.widen(("schemas", name), message, self.found[name])

    def relax(self, schema: Any) -> None:
        """Replace `oneOf` by `anyOf` if a branch was widened, because several branches may match now."""
        for node in _list_objects(schema):
            branches = node.get("oneOf")
            if (
                isinstance(branches, list)
                and "anyOf" not in node
                and _find_references(branches) & self.widened
            ):
                node["anyOf"] = node.pop("oneOf")

    def _take_name(self, wish: str) -> str:
        """Return a name that no other schema has. Names must differ in more than case and underscores."""
        name = made = identifier(wish)
        number = 2
        while made.replace("_", "").lower() in self.taken:
            made, number = f"{name[:58]}_{number}", number + 1
        self.taken.add(made.replace("_", "").lower())
        return made

    def name_of(self, found: Found, wish: str) -> str:
        """Return the name of a schema of the document, assigned at its first use."""
        key = (found.document.location, found.pointer)
        if key not in self.by_place:
            name = self._take_name(wish)
            self.by_place[key] = name
            self.named[name] = {}
            self.pending.append((name, found))
        return self.by_place[key]

    def give(self, wish: str, schema: dict[str, Any]) -> str:
        """Name a generated schema. An equal schema that was named before has the same name."""
        written = json.dumps(schema, sort_keys=True)
        if written not in self.given:
            name = self._take_name(wish)
            self.named[name] = schema
            self.given[written] = name
        return self.given[written]

    def _reference(self, found: Found, at: Pointer) -> dict[str, Any]:
        target = self.references.target(found)
        if not isinstance(target.value, dict | bool):
            self.widen(
                at, f"`$ref: {brief(found.value['$ref'], 80)}` leads nowhere; anything is taken", found
            )
            return {}
        name = self.name_of(target, _wish(target.pointer))
        rest = {k: v for k, v in found.value.items() if k != "$ref" and (self.modern or k == "description")}
        made = Conversion(self, Found(rest, found.document, found.pointer), at).make() if rest else {}
        return {"$ref": name, **made}

    def widen(self, at: Pointer, message: str, found: Found) -> None:
        """Record that the catalogue's schema accepts more here than the document's."""
        self.notes.add_lost(at, message, found.place)
        if at[:1] == ("schemas",):
            self.widened.add(str(at[1]))


_FRAME = frozenset((
    "schema", "items", "content", "properties", "responses", "requestBody", "parameters",
    "additionalProperties", "allOf", "anyOf", "oneOf",
    "get", "put", "post", "delete", "patch", "default", "components", "schemas", "definitions", "headers",
    "requestBodies", "paths",
))  # fmt: skip


def _wish(pointer: str) -> str:
    """Return a name for the schema at a pointer: the last specific step (not `items`, `0` or a media
    type).
    """
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    if (len(steps) == 3 and steps[:2] == ["components", "schemas"]) or (
        len(steps) == 2 and steps[0] == "definitions"
    ):
        return steps[-1]
    named = [
        step
        for step in steps
        if step not in _FRAME and not step.isdecimal() and not re.fullmatch(r"[a-z*]+/[\w.*+-]+(;.*)?", step)
    ]
    return named[-1] if named else steps[-1] if steps else "Document"


def _find_references(schema: Any) -> set[str]:
    """Return the names of all schemas that a schema refers to directly."""
    return {node["$ref"] for node in _list_objects(schema) if isinstance(node.get("$ref"), str)}


def _list_objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema, each before its members, so that the caller may change it first."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            yield node
            stack.extend(node.values())
