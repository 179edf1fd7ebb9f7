"""Split a request body into its named members."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pgagents.encoding.medium import medium_of
from pgagents.http import media_type_of
from pgagents.importer.reading.names import cut
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Body
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas.schemas import Schemas
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

MAX_PARTS = 200
MIN_GROUPS = 2
_OF_GROUPS = frozenset(("required", "properties", "type", "title", "description"))
_MEDIA = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
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
    walk = _Walk(schemas, notes, at)
    walk.add(body.schema, ())
    if not walk.found and not walk.empty:
        return None, False
    return list(walk.found.values()), walk.closed


def find_file(part: Member, body: Body, schemas: Schemas) -> dict[str, Any] | None:
    """Return the argument for a member that is a file; None for any other member."""
    medium = medium_of(body.media)
    found = schemas.references.follow(part.schema)
    raw = found.mapping()
    holds_bytes = raw.get("format") == "binary" or raw.get("type") == "file"
    own = raw.get("contentMediaType") if "contentEncoding" not in raw else None
    if medium is None or not medium.files or not (holds_bytes or own):
        return None
    written = body.whole.at("encoding", part.name).text("contentType") or str(own or "")
    media = [kind.strip().lower() for kind in written.split(",") if _MEDIA.fullmatch(kind.strip().lower())]
    made: dict[str, Any] = {"type": "string", "format": "binary"}
    if media:
        made["media"] = media
    if (most := find_most_bytes(raw)) is not None:
        made["max_bytes"] = most
    text = part.description or found.text("description")
    return {**made, "description": cut(text)} if text else made


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


def find_groups(schemas: Schemas, body: Body) -> list[list[str]]:
    """Return the groups of members of which a body has exactly one; empty if its schema has no groups.

    The groups are the branches of a `oneOf` in which each branch only lists required members.
    """
    found = schemas.references.follow(body.schema)
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


class _Walk:
    """Collect members through references, `allOf` and alternatives."""

    def __init__(self, schemas: Schemas, notes: Notes, at: Pointer) -> None:
        self.schemas, self.notes, self.at = schemas, notes, at
        self.found: dict[str, Member] = {}
        self.closed = False
        self.empty = False
        self.parts = 0

    def add(self, written: Found, inside: tuple[str, ...], *, all_of_it: bool = True) -> None:
        found = self.schemas.references.follow(written)
        self.parts += 1
        if not isinstance(found.value, dict) or found.place in inside or self.parts > MAX_PARTS:
            return
        raw, inside = found.value, (*inside, found.place)
        required = (
            [r for r in raw.get("required") or () if isinstance(r, str)]
            if isinstance(raw.get("required"), list)
            else []
        )
        for name, schema in self._properties(found).items():
            marked = schema.mapping(), self.schemas.references.follow(schema).mapping()
            if any(one.get("readOnly") is True for one in marked):
                self.notes.add_lost(
                    self.at, f"`{brief(name)}` is read-only, so no call sends it", schema.place
                )
                continue
            known = self.found.get(name)
            if known is None:
                self.found[name] = Member(name, schema, name in required and all_of_it)
            elif name in required and all_of_it and not known.required:
                self.found[name] = replace(known, required=True)
        if all_of_it:
            for name in required:
                if name in self.found and not self.found[name].required:
                    self.found[name] = replace(self.found[name], required=True)
        self.closed = self.closed or raw.get("additionalProperties") is False
        self.empty = self.empty or (raw.get("type") == "object" and raw.get("additionalProperties") is False)
        for key in _LEFT:
            if key in raw:
                self.notes.add_lost(self.at, f"the body's `{key}` is not carried", found.place)
        if isinstance(raw.get("additionalProperties"), dict) or raw.get("additionalProperties") is True:
            self.notes.add_lost(
                self.at, "the body may have further members; calls send the named ones", found.place
            )
        for branch in found.at("allOf").items():
            self.add(branch, inside, all_of_it=all_of_it)
        self._alternatives(found, inside)

    @staticmethod
    def _properties(found: Found) -> dict[str, Found]:
        properties = found.at("properties")
        return {name: properties.at(name) for name in properties.mapping()}

    def _alternatives(self, found: Found, inside: tuple[str, ...]) -> None:
        for key in ("oneOf", "anyOf"):
            branches = found.at(key).items()
            if not branches:
                continue
            grouped = key == "oneOf" and bool(find_groups(self.schemas, Body("", False, found, found)))
            if not grouped or inside:
                self.notes.add_lost(
                    self.at,
                    f"the body is `{key}` {len(branches)} schemas; here it is their members, none required",
                    found.place,
                )
            closed, known = self.closed, set(self.found)
            for branch in branches:
                self.add(branch, inside, all_of_it=False)
            self.closed = closed and known == set(self.found)
