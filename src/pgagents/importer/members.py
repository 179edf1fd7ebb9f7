"""Split a request body into its named members, through references, `allOf` and alternatives."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from pgagents.base.http import media_type_of
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.catalogue.encoding.medium import ANY, medium_of
from pgagents.importer.document import Found, is_url, say_dangling
from pgagents.importer.names import Extent, Notes, cut
from pgagents.importer.operations import Body
from pgagents.importer.schemas import Schemas

MAX_NESTED = 8
_MEDIA = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a body."""

    name: str
    schema: Found
    required: bool
    description: str = ""
    style: str = ""
    """The form of a list in Swagger's form fields; see `Parameter.style`."""


def members(schemas: Schemas, body: Body, notes: Notes, at: Pointer) -> tuple[list[Member] | None, bool]:
    """Return the members, and True if no other members are allowed.

    None if the body is not an object with named members.
    """
    if body.fields:
        return [
            Member(f.name, f.schema, f.required, f.description, f.style) for f in body.fields if f.name
        ], False
    shape = find_shape(schemas, body.schema, notes, at)
    if not shape.members and not shape.empty:
        return None, False
    found = [Member(name, schema, name in shape.required) for name, schema in shape.members.items()]
    return found, shape.closed


def find_choice(schemas: Schemas, body: Body) -> Found | None:
    """Return the schema of a body that is one of several objects; None for any other body.

    Arguments for the members of such a body could not say which of them belong together: a call with right
    arguments might be forbidden.
    """
    if body.fields:
        return None
    shape = find_shape(schemas, body.schema, Notes(), ())
    if shape.exact or not shape.choices:
        return None
    found = join_any(shape.choices)
    text = schemas.references.follow(body.schema).text("description")
    return found._replace(value={"description": text, **found.value}) if text else found


def find_file(part: Member, body: Body, schemas: Schemas) -> dict[str, Any] | None:
    """Return the argument for a member that is a file; None for any other member."""
    medium = medium_of(body.media)
    written, found = schemas.references.follow(part.schema), _find_lone(schemas, part.schema)
    raw = found.mapping()
    if medium is None or not medium.files or not _is_file(raw):
        return None
    own = raw.get("contentMediaType") if "contentEncoding" not in raw else None
    kinds = body.whole.at("encoding", part.name).text("contentType") or str(own or "")
    every = [kind.strip().lower() for kind in kinds.split(",")]
    media = [kind for kind in every if _MEDIA.fullmatch(kind)]
    if ANY in media or any("*" in kind for kind in every):  # FastAPI says octets of a file of any type
        media = []
    made: dict[str, Any] = {"type": "string", "format": "binary"}
    if media:
        made["media"] = media
    if (most := find_most_bytes(raw)) is not None:
        made["max_bytes"] = most
    text = part.description or written.text("description") or found.text("description")
    return {**made, "description": cut(text)} if text else made


def holds_files(schema: Found, schemas: Schemas, depth: int = 0) -> bool:
    """True for a file, for a list of files, and for a choice of these."""
    found = _find_lone(schemas, schema)
    raw = found.mapping()
    if _is_file(raw) or depth > MAX_NESTED:
        return _is_file(raw)
    branches = [b for key in ("oneOf", "anyOf") for b in found.at(key).items() if not is_null(schemas, b)]
    if branches:
        return all(holds_files(branch, schemas, depth + 1) for branch in branches)
    return "items" in raw and holds_files(found.at("items"), schemas, depth + 1)


def _is_file(raw: dict[str, Any]) -> bool:
    own = bool(raw.get("contentMediaType")) and "contentEncoding" not in raw
    return raw.get("format") == "binary" or raw.get("type") == "file" or own


def _find_lone(schemas: Schemas, schema: Found) -> Found:
    """Follow references, and alternatives of which only one is not null."""
    found = schemas.references.follow(schema)
    for _ in range(MAX_NESTED):
        branches = [b for key in ("oneOf", "anyOf") for b in found.at(key).items()]
        branches = [b for b in branches if not is_null(schemas, b)] or found.at("allOf").items()
        if len(branches) != 1:
            break
        found = schemas.references.follow(branches[0])
    return found


def find_most_bytes(schema: dict[str, Any]) -> int | None:
    """Return the largest size of a file in bytes, which OpenAPI states as `maxLength`; None if it has no
    limit.
    """
    most = schema.get("maxLength")
    return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else None


def list_file_types(content: dict[str, Found]) -> list[str]:
    """Return the media types of a body that is a file with a choice of types; empty for any other body."""
    types = [media_type_of(media) for media in content]
    whole = all(_holds_bytes(found.at("schema").mapping()) for found in content.values())
    return types if len(types) > 1 and whole and all(map(_MEDIA.fullmatch, types)) else []


def _holds_bytes(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "binary" or (not schema.keys() - {"description"})


# -- members of an object


MAX_PARTS = 200
MIN_GROUPS = 2
_OF_GROUPS = frozenset(("required", "properties", "type", "title", "description"))
_LEFT = (
    "not",
    "if",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of an object by name, and the names of those that it must have."""

    members: dict[str, Found]
    required: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    """Members that some alternatives do not name."""
    read_only: frozenset[str] = frozenset()
    closed: bool = False
    """True if no other members are allowed."""
    empty: bool = False
    """True for an object that needs no members to be one."""
    exact: bool = True
    """False if members that are each right can make an object that the document forbids."""
    choices: tuple[Found, ...] = ()
    """The objects of which it is one, if the schema around them adds nothing to them."""


def find_shape(schemas: Schemas, written: Found, notes: Notes, at: Pointer) -> Shape:
    """Return the members of an object's schema; none for any other schema."""
    return _Walk(schemas, notes, at).read(written, ())


def is_null(schemas: Schemas, written: Found) -> bool:
    """True for a schema that allows null alone."""
    raw = schemas.references.follow(written).mapping()
    return raw.get("type") in ("null", ["null"]) or raw.get("enum") == [None] or raw.get("const", 0) is None


def find_groups(schemas: Schemas, written: Found) -> list[list[str]]:
    """Return the groups of members of which an object has exactly one; empty if its schema has no groups.

    The groups are the branches of a `oneOf` in which each branch only lists required members.
    """
    found = schemas.references.follow(written)
    branches = [schemas.references.follow(branch).mapping() for branch in found.at("oneOf").items()]
    groups = [branch.get("required") for branch in branches]
    if len(groups) < MIN_GROUPS or not all(map(_is_group, branches)):
        return []
    names = [name for group in groups if isinstance(group, list) for name in group]
    always = found.mapping().get("required") or ()
    once = len(set(names)) == len(names) and not set(names) & set(map(str, always))
    return [list(group) for group in groups if isinstance(group, list)] if once else []


def _is_group(branch: dict[str, Any]) -> bool:
    """True if an alternative only requires members. It may describe them too."""
    required, own = branch.get("required"), branch.get("properties") or {}
    if not isinstance(required, list) or not required or not all(isinstance(n, str) for n in required):
        return False
    return isinstance(own, dict) and set(own) <= set(required) and branch.keys() <= _OF_GROUPS


def _extends(outer: Shape, shapes: Sequence[Shape]) -> bool:
    """True if each shape has the members of the outer one, and one of them has more."""
    members = [shape.members.keys() for shape in shapes]
    return all(outer.members.keys() <= own for own in members) and any(
        outer.members.keys() < own for own in members
    )


class _Walk:
    """Read the members of one schema, with notes on what is lost."""

    def __init__(self, schemas: Schemas, notes: Notes, at: Pointer) -> None:
        self.schemas, self.notes, self.at = schemas, notes, at
        self.parts = 0

    def read(self, written: Found, inside: tuple[tuple[str, str], ...]) -> Shape:
        found = self.schemas.references.follow(written)
        self.parts += 1
        here = (found.document.location, found.pointer)
        if not isinstance(found.value, dict) or here in inside or self.parts > MAX_PARTS:
            why = say_dangling(written) if found.value is None else ""
            extent: Extent = "nowhere"
            if self.parts > MAX_PARTS:
                why, extent = f"its schema has more than {MAX_PARTS} parts", "gone"
            if why:
                said = f"members of the body are not sent: {why}"
                self.notes.add_lost(self.at, said, written.place, extent)
            return Shape({})
        inside = (*inside, here)
        shape = self._own(found)
        shape = _join_all([shape, *(self.read(branch, inside) for branch in found.at("allOf").items())])
        for key in ("oneOf", "anyOf"):
            if found.at(key).items():
                shape = self._alternatives(shape, found, key, inside)
        return replace(shape, required=shape.required - (shape.read_only - shape.members.keys()))

    def _own(self, found: Found) -> Shape:
        """Return the members that a schema names itself."""
        raw, properties = found.mapping(), found.at("properties")
        named = {name: properties.at(name) for name in properties.mapping()}
        hidden = {name for name, schema in named.items() if self._is_read_only(schema)}
        for name in [name for name in named if name in hidden]:
            self.notes.add_lost(
                self.at, f"`{brief(name)}` is read-only, so no call sends it", named.pop(name).place
            )
        for key in _LEFT:
            if key in raw:
                self.notes.add_lost(self.at, f"the body's `{key}` is not carried", found.place)
        rest, required = raw.get("additionalProperties"), raw.get("required")
        if isinstance(rest, dict) or rest is True:
            self.notes.add_lost(
                self.at, "the body may have further members; calls send the named ones", found.place
            )
        return Shape(
            named,
            frozenset(r for r in required if isinstance(r, str))
            if isinstance(required, list)
            else frozenset(),
            read_only=frozenset(hidden),
            closed=rest is False,
            empty=raw.get("type") == "object" and rest is False,
        )

    def _alternatives(
        self, outer: Shape, found: Found, key: str, inside: tuple[tuple[str, str], ...]
    ) -> Shape:
        """Return a shape with the members of its alternatives, of which a body is one.

        A call sends named members, so alternatives that are not objects do not count.
        """
        branches = found.at(key).items()
        objects = [branch for branch in branches if self._may_be_object(branch)]
        nulls = [branch for branch in branches if is_null(self.schemas, branch)]
        shapes = [self.read(branch, inside) for branch in objects]
        if not shapes:
            return outer
        made = _join_any(shapes)
        joined = _join_all([outer, made])
        grouped = key == "oneOf" and len(inside) == 1 and self._is_grouped(found, joined)
        if len(objects) > 1 and not grouped:
            common = "required where every one requires it" if made.required else "none required"
            self._lose(found, key, f"here it is their members, {common}")
        elif len(objects) + len(nulls) < len(branches):
            self._lose(found, key, "calls send the one that is an object")
        fits = grouped or any(_covers(shape, made, outer, joined) for shape in shapes)
        new = made.members.keys() - outer.members.keys()
        closed = (outer.closed and not new) or (made.closed and outer.members.keys() <= made.members.keys())
        choices: tuple[Found, ...] = ()
        if not outer.members and not outer.required:
            choices = self._list_choices(objects, shapes)
        elif outer.exact and _extends(outer, shapes):
            choices = self._list_choices(objects, [_join_all([outer, shape]) for shape in shapes], whole=True)
        return replace(joined, closed=closed, exact=outer.exact and fits, choices=choices)

    def _list_choices(
        self, branches: Sequence[Found], shapes: Sequence[Shape], *, whole: bool = False
    ) -> tuple[Found, ...]:
        """Return the objects of alternatives; those of an alternative with alternatives are its own.

        Nothing is returned if an alternative cannot be written as objects without alternatives. With `whole`,
        a shape has more than its branch, so it is written out.
        """
        found: list[Found] = []
        for branch, shape in zip(branches, shapes, strict=True):
            plain = self.schemas.references.follow(branch)
            if shape.choices and not whole:
                found += shape.choices
            elif not shape.exact or not isinstance(plain.value, dict):
                return ()
            else:
                parts = {"allOf", "oneOf", "anyOf"} & plain.value.keys()
                found.append(_write_object(shape, branch) if parts or whole else branch)
        return tuple(found)

    def _is_grouped(self, found: Found, joined: Shape) -> bool:
        """True if a call gives one of several groups of known members, none of which has a default."""
        names = [name for group in find_groups(self.schemas, found) for name in group]
        known = [self.schemas.references.follow(joined.members[n]) for n in names if n in joined.members]
        return bool(names) and len(known) == len(names) and not any("default" in k.mapping() for k in known)

    def _is_read_only(self, schema: Found) -> bool:
        marked = schema.mapping(), self.schemas.references.follow(schema).mapping()
        return any(one.get("readOnly") is True for one in marked)

    def _lose(self, found: Found, key: str, what: str) -> None:
        count = len(found.at(key).items())
        self.notes.add_lost(self.at, f"the body is `{key}` {count} schemas; {what}", found.place)

    def _may_be_object(self, branch: Found) -> bool:
        value = self.schemas.references.follow(branch).value
        if not isinstance(value, dict):
            return value is not False
        kinds, listed = value.get("type"), [value["const"]] if "const" in value else value.get("enum")
        if isinstance(listed, list) and listed:
            return any(isinstance(one, dict) for one in listed)
        return "object" in kinds if isinstance(kinds, list) else kinds in (None, "object")


def _write_object(shape: Shape, beside: Found) -> Found:
    made = {
        "type": "object",
        "properties": {name: write_in(schema, beside) for name, schema in shape.members.items()},
        **({"required": sorted(shape.required)} if shape.required else {}),
        **({"additionalProperties": False} if shape.closed else {}),
    }
    return Found(made, beside.document, beside.pointer)


def _covers(shape: Shape, made: Shape, outer: Shape, joined: Shape) -> bool:
    """True if one alternative allows every object whose members are each right.

    `made` is the shape of all alternatives, `outer` that of the schema around them, `joined` that of both.
    """
    same = all(
        is_same(schema, made.members[name]) and not (name in made.partial and name in outer.members)
        for name, schema in shape.members.items()
    )
    takes_all = not shape.closed or joined.members.keys() <= shape.members.keys()
    needed = shape.required - (joined.read_only - joined.members.keys())
    return shape.exact and same and takes_all and needed <= joined.required


def _join_all(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an object that has each of these shapes."""
    if len(shapes) == 1:
        return shapes[0]
    members: dict[str, Found] = {}
    partial: set[str] = set()
    exact = all(shape.exact for shape in shapes)
    for name in dict.fromkeys(name for shape in shapes for name in shape.members):
        named = [shape for shape in shapes if name in shape.members]
        if always := [shape.members[name] for shape in named if name not in shape.partial]:
            members[name] = join_all(always)
            exact = exact and len(always) == len(named)
        else:
            members[name] = join_any([shape.members[name] for shape in named])
            partial.add(name)
    return Shape(
        members,
        frozenset().union(*(shape.required for shape in shapes)),
        frozenset(partial),
        frozenset().union(*(shape.read_only for shape in shapes)),
        any(shape.closed for shape in shapes),
        any(shape.empty for shape in shapes),
        exact,
        _keep_choices(shapes),
    )


def _keep_choices(shapes: Sequence[Shape]) -> tuple[Found, ...]:
    """Return the choices of one shape, if the others add nothing to it."""
    full = [shape for shape in shapes if shape.members or shape.required]
    return full[0].choices if len(full) == 1 else ()


def _join_any(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an object that has at least one of these shapes."""
    if len(shapes) == 1:
        return shapes[0]
    names = dict.fromkeys(name for shape in shapes for name in shape.members)
    members = {
        name: join_any([shape.members[name] for shape in shapes if name in shape.members]) for name in names
    }
    every = frozenset(names).intersection(*(shape.members.keys() - shape.partial for shape in shapes))
    return Shape(
        members,
        shapes[0].required.intersection(*(shape.required for shape in shapes[1:])),
        frozenset(names) - every,
        frozenset().union(*(shape.read_only for shape in shapes)),
        all(shape.closed for shape in shapes),
        any(shape.empty for shape in shapes),
    )


# -- several schemas of one member


_TEXTS = frozenset(
    (
        "title",
        "description",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "xml",
        "externalDocs",
    )
)
"""Keywords that exclude no value."""
_PLAIN = frozenset(
    (
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "default",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
    )
)
"""Keywords whose effect does not depend on other keywords."""


def join_all(schemas: Sequence[Found]) -> Found:
    """Return a schema for the values that all of these schemas allow."""
    kept = _list_distinct([s for s in schemas if not _allows_all(s)] or schemas[:1])
    if len(kept) == 1:
        return kept[0]
    merged: dict[str, Any] = {}
    for raw in (found.mapping() for found in kept):
        clash = any(raw[key] != merged[key] for key in raw.keys() & merged.keys() - _TEXTS)
        if clash or not _strip(raw).keys() <= _PLAIN:
            return _nest(kept)
        merged = {**raw, **merged}
    return _make(merged, kept[0])


def _nest(schemas: Sequence[Found]) -> Found:
    """Return one of the schemas with the others as its `allOf`.

    It is one without a reference, because OpenAPI 3.0 ignores what stands beside a reference.
    """
    base = next((found for found in schemas if "$ref" not in found.mapping()), None)
    if base is None or not isinstance(base.value, dict):
        return schemas[0]
    others = [write_in(found, base) for found in schemas if found is not base]
    return _make({**base.value, "allOf": [*(base.value.get("allOf") or ()), *others]}, base)


def join_any(schemas: Sequence[Found]) -> Found:
    """Return a schema for the values that at least one of these schemas allows."""
    kept = _list_distinct(schemas)
    if len(kept) == 1:
        return kept[0]
    if any(map(_allows_all, kept)):
        return _make({}, kept[0])
    if (values := _list_values(kept)) is not None:
        types = [found.mapping().get("type") for found in kept]
        same = types[0] is not None and all(kind == types[0] for kind in types)
        return _make({**({"type": types[0]} if same else {}), "enum": values}, kept[0])
    return _make({"anyOf": [write_in(found, kept[0]) for found in kept]}, kept[0])


def is_same(one: Found, other: Found) -> bool:
    """True if two schemas differ in their texts at most."""
    return _key(one) == _key(other)


def _list_distinct(schemas: Sequence[Found]) -> list[Found]:
    found: dict[str, Found] = {}
    for one in schemas:
        found.setdefault(_key(one), one)
    return list(found.values())


def _list_values(schemas: Sequence[Found]) -> list[Any] | None:
    """Return the values of schemas that only list their values; None if one does more."""
    values: dict[str, Any] = {}
    for found in schemas:
        raw = found.mapping()
        listed = [raw["const"]] if "const" in raw else raw.get("enum")
        if not isinstance(listed, list) or len(raw.keys() & {"const", "enum"}) != 1:
            return None
        if not set(_strip(raw)) <= {"type", "const", "enum"}:
            return None
        values |= {json.dumps(value, default=str): value for value in listed}
    return list(values.values())


def _allows_all(found: Found) -> bool:
    return found.value is True or (isinstance(found.value, dict) and not _strip(found.value))


def _strip(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in _TEXTS and not key.startswith("x-")}


def _key(found: Found) -> str:
    """Return a text that schemas with the same meaning have in common."""
    raw = found.value
    written = json.dumps(_strip(raw) if isinstance(raw, dict) else raw, sort_keys=True, default=str)
    return f"{found.document.location} {written}" if _refers(found) else written


def _refers(found: Found) -> bool:
    return '"$ref"' in json.dumps(found.value, default=str)


def write_in(found: Found, home: Found) -> Any:
    """Return a schema as it is written beside `home`.

    A schema of another document that refers to its own document becomes a reference.
    """
    if found.document.location == home.document.location or not _refers(found):
        return found.value
    return {"$ref": f"{_locate(found.document.location)}#{quote(found.pointer)}"}


def _locate(location: str) -> str:
    return location if is_url(location) else quote(location)


def _make(raw: dict[str, Any], beside: Found) -> Found:
    """Return a schema that stands at the place of another one."""
    return Found(raw, beside.document, beside.pointer)
