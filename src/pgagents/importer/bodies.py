"""Split a request body into its named members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pgagents.encoding.file import ANY
from pgagents.encoding.medium import medium_of
from pgagents.http import media_type_of
from pgagents.importer.reading.names import cut
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Body
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas.combination import join_any
from pgagents.importer.schemas.object_members import find_shape, is_null
from pgagents.importer.schemas.schemas import Schemas
from pgagents.source.source import Pointer

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
