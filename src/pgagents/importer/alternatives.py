"""Write the alternatives that a `discriminator` names as JSON Schema says them, before a document is read.

OpenAPI lets a schema name a member whose value tells which of several schemas holds. The alternatives are in
its `oneOf` or `anyOf`, or in neither: then they are the schemas whose `allOf` refers to it. The rewritten
document has one branch for each, and its value as the only one of that member. A schema that others extend
is split: what they extend stands under `BASE` of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.jsonschema.walk import NAMED
from pgagents.importer.document import BASE, Document, References, escape

_AROUND = ("title", "description", "nullable", "x-nullable", "deprecated", "readOnly", "writeOnly")
"""Keywords of a split schema that also stand beside its alternatives."""
_LISTS = ("oneOf", "anyOf")
_VALUES = frozenset(("example", "examples", "default", "enum", "const", BASE))
"""Keywords whose values are not schemas."""
_MOST = 20_000
"""Alternatives of a document that are written out, at most, with the steps that lead to them."""
_MOST_EXTENDED = 30
"""Schemas that one extends in which the values of a member are looked for."""
_NAMING = NAMED.keys() | {"responses", "schemas", "parameters"}
"""Keywords below which keys are names."""


def write_alternatives(data: Any) -> Any:
    """Return a document with its alternatives written out: the same object if it names none.

    Values that only the names of schemas tell are not written: documents seldom hold to them, so their
    `discriminator` stays.
    """
    if not isinstance(data, dict):
        return data
    families = _Families(data)
    return _rewrite(data, "#", families)


def with_alternatives(references: References) -> References:
    """Return references whose documents have their alternatives written out; the same if they have them."""
    if references.rewrite is _write_out:
        return references
    return References(
        _write_out(references.first), references.fetch, allowed=references.allowed, rewrite=_write_out
    )


def _write_out(document: Document) -> Document:
    if document.text and "discriminator" not in document.text:
        return document
    data = write_alternatives(document.data)
    return document if data is document.data else replace(document, data=data)


def _rewrite(value: Any, pointer: str, families: _Families) -> Any:
    """Return a value with each schema in it rewritten. A value that stays the same is not copied."""
    if isinstance(value, list):
        parts = [_rewrite(part, f"{pointer}/{n}", families) for n, part in enumerate(value)]
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, part in value.items():
        fixed = key in _VALUES and pointer.rpartition("/")[2] not in _NAMING
        below = f"{pointer}/{escape(key)}"
        made[key] = part if fixed or not isinstance(part, dict | list) else _rewrite(part, below, families)
    same = all(made[key] is part for key, part in value.items())
    return families.rewrite(value if same else made, pointer)


@dataclass(frozen=True, slots=True)
class _Branch:
    """An alternative: its reference, and the values that tell it; none if only its name would tell."""

    schema: Mapping[str, Any]
    values: tuple[str, ...] = ()


class _Families:
    """The named schemas of a document, and which of them extend which."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        parts = data.get("components")
        written = parts.get("schemas") if isinstance(parts, dict) else None
        self.root = "#/components/schemas/" if isinstance(written, dict) else "#/definitions/"
        written = written if isinstance(written, dict) else data.get("definitions")
        named = written if isinstance(written, dict) else {}
        self.named = {f"{self.root}{escape(name)}": s for name, s in named.items() if isinstance(s, dict)}
        self.parents = {place: _list_parents(schema) for place, schema in self.named.items()}
        self.heirs: dict[str, list[str]] = {}
        for place, parents in self.parents.items():
            for parent in dict.fromkeys(parents) if self._adds(place) else ():
                self.heirs.setdefault(parent, []).append(place)
        self.split: dict[str, list[_Branch]] = {}
        """The alternatives of each schema that others extend, by its reference."""
        self.extending: set[tuple[str, str]] = set()
        """References from one named schema to another in an `allOf`, which mean the base alone."""
        self.count = 0
        for place, schema in self.named.items():
            if told := _find_teller(schema):
                self._find_family(place, schema, *told)
        self.climbers = {here for here, _ in self.extending}

    def _find_family(
        self, place: str, schema: Mapping[str, Any], member: str, mapping: dict[str, str]
    ) -> None:
        """Note the alternatives of a named schema that others extend, and who refers to its base."""
        if self.count > _MOST:
            return
        every = [part for key in _LISTS if isinstance(schema.get(key), list) for part in schema[key]]
        listed = [self._place(b["$ref"]) for key in _LISTS for b in _list_references(schema, key)]
        if len(listed) < len(every):  # an alternative without a name stays where it is
            return
        mapped = [self._place(name) for name in mapping.values()]
        heirs = listed or [p for p in dict.fromkeys(mapped) if p in self.named]
        heirs = heirs or self._list_heirs(place)
        climbing = self._climb([heir for heir in heirs if heir != place], place)
        self.count += len(heirs)
        if not climbing or self.count > _MOST:
            return
        if listed:
            branches = [_Branch(b, ()) for key in _LISTS for b in _list_references(schema, key)]
        else:
            branches = [_Branch({"$ref": f"{place}/{BASE}" if heir == place else heir}) for heir in heirs]
        self.split[place] = [
            _Branch(b.schema, self._values(str(b.schema["$ref"]), place, member, mapping)) for b in branches
        ]
        self.extending |= climbing

    def _climb(self, heirs: list[str], place: str) -> set[tuple[str, str]]:
        """Return the references to a schema in its heirs, and in what these extend; empty without one."""
        edges: set[tuple[str, str]] = set()
        stack, met = list(heirs), set(heirs)
        while stack and self.count <= _MOST:
            here = stack.pop()
            self.count += 1
            for parent in self.parents.get(here, ()):
                if parent == place:
                    edges.add((here, parent))
                elif parent not in met:
                    met.add(parent)
                    stack.append(parent)
        return edges

    def _list_heirs(self, place: str) -> list[str]:
        """Return the schemas that extend a schema, or extend one that does."""
        met = {place: None}
        stack = [place]
        while stack and len(met) < _MOST:
            fresh = [heir for heir in self.heirs.get(stack.pop(), ()) if heir not in met]
            met |= dict.fromkeys(fresh)
            stack += fresh
        return [heir for heir in met if heir != place]

    def _adds(self, place: str) -> bool:
        """True for a schema that adds to what it refers to, and is not only another name of it."""
        own = self.named[place]
        parts = own.get("allOf")
        return (isinstance(parts, list) and len(parts) > 1) or bool(own.keys() - {"allOf", *_AROUND})

    def _place(self, name: str) -> str:
        """Return the reference that a name of a mapping means; a mapping may name the schema alone."""
        return name if "/" in name or f"{self.root}{name}" not in self.named else f"{self.root}{name}"

    def _values(self, ref: str, place: str, member: str, mapping: Mapping[str, str]) -> tuple[str, ...]:
        """Return the values that tell an alternative.

        They are those of the mapping, or those that it lists itself, or its name if it is listed as one.
        """
        own = place if ref == f"{place}/{BASE}" else ref
        if mapped := tuple(value for value, name in mapping.items() if self._place(name) == own):
            return mapped
        name, listed = own.rpartition("/")[2], self._list_own(own, member)
        if listed and own != place:
            return tuple(value for value in listed if isinstance(value, str))
        return (name,) if name in self._list_values(own, member) else ()

    def _list_values(self, place: str, member: str) -> list[Any]:
        """Return the values that a named schema, or what it extends, lists for a member; empty if none."""
        stack, met = [place], {place}
        while stack and len(met) < _MOST_EXTENDED:
            here = stack.pop()
            if values := self._list_own(here, member):
                return values
            fresh = [parent for parent in self.parents.get(here, ()) if parent not in met]
            met.update(fresh)
            stack += fresh
        return []

    def _list_own(self, place: str, member: str) -> list[Any]:
        """Return the values that a named schema itself lists for a member; empty if none."""
        schema = self.named.get(place, {})
        parts = schema.get("allOf")
        for part in (schema, *(parts if isinstance(parts, list) else ())):
            properties = part.get("properties") if isinstance(part, dict) else None
            written = properties.get(member) if isinstance(properties, dict) else None
            found = self.named.get(str(written.get("$ref")), written) if isinstance(written, dict) else {}
            values = [found["const"]] if "const" in found else found.get("enum")
            if isinstance(values, list) and values:
                return values
        return []

    def rewrite(self, schema: dict[str, Any], pointer: str) -> dict[str, Any]:
        """Return one schema with its alternatives written out, and without references to what was split."""
        if pointer in self.climbers:
            schema = {**schema, "allOf": [self._refer(pointer, part) for part in schema["allOf"]]}
        told = _find_teller(schema)
        if told is None:
            return schema
        member, mapping = told
        if pointer in self.split:
            return self._split(schema, pointer, member)
        made = dict(schema)
        known = True
        for key in _LISTS:
            branches = schema.get(key)
            if not isinstance(branches, list):
                continue
            made[key] = []
            for branch in branches:
                values: tuple[str, ...] = ()
                if isinstance(branch, dict) and isinstance(branch.get("$ref"), str):
                    values = self._values(branch["$ref"], "", member, mapping)
                known = known and bool(values)
                made[key].append(self._tell(branch, member, values))
        if known and any(key in schema for key in _LISTS):
            del made["discriminator"]
        return made

    def _refer(self, here: str, part: Any) -> Any:
        """Return a part of an `allOf`, which refers to the base of a schema that was split."""
        place = part.get("$ref") if isinstance(part, dict) else None
        return {**part, "$ref": f"{place}/{BASE}"} if (here, place) in self.extending else part

    def _split(self, schema: dict[str, Any], pointer: str, member: str) -> dict[str, Any]:
        """Return a schema that others extend as its alternatives, with what they extend under `BASE`."""
        branches = self.split[pointer]
        base = {key: value for key, value in schema.items() if key not in (*_LISTS, "discriminator", BASE)}
        told = {value for branch in branches for value in branch.values}
        others = [v for v in self._list_values(pointer, member) if v not in told]
        sure = all(branch.values for branch in branches)
        made = [self._tell(branch.schema, member, branch.values) for branch in branches]
        if others and sure:
            made.append(self._tell({"$ref": f"{pointer}/{BASE}"}, member, tuple(map(str, others))))
        elif not sure and not any(key in schema for key in _LISTS):
            made.append({"$ref": f"{pointer}/{BASE}"})
        around = {key: schema[key] for key in _AROUND if key in schema}
        named = {} if sure else {"discriminator": schema["discriminator"]}
        rest = {"allOf": [{"$ref": f"{pointer}/{BASE}"}], "oneOf" if sure else "anyOf": made}
        return {**around, **named, **rest, BASE: base}

    def _tell(self, branch: Any, member: str, values: tuple[str, ...]) -> Any:
        """Return an alternative with the values that tell it, unless it lists no others anyway."""
        if not values:
            return branch
        listed = self._list_values(branch["$ref"], member)
        kept = [value for value in listed if value in values] if listed else list(values)
        if not kept or len(kept) == len(listed):
            return branch
        only = {"type": "object", "required": [member]}
        return {"allOf": [branch, {**only, "properties": {member: {"type": "string", "enum": kept}}}]}


def _find_teller(schema: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Return the member that tells the alternatives of a schema, and the names by value; None if it has none.

    In Swagger 2.0 it is the member's name alone.
    """
    written = schema.get("discriminator")
    if isinstance(written, str):
        return (written, {}) if isinstance(schema.get("properties"), dict) else None
    member = written.get("propertyName") if isinstance(written, dict) else None
    if not isinstance(member, str) or not isinstance(written, dict):
        return None
    mapping = written.get("mapping")
    mapping = mapping if isinstance(mapping, dict) else {}
    return member, {value: name for value, name in mapping.items() if isinstance(name, str)}


def _list_parents(schema: Mapping[str, Any]) -> list[str]:
    return [str(part["$ref"]) for part in _list_references(schema, "allOf")]


def _list_references(schema: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    parts = schema.get(key)
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            yield part
