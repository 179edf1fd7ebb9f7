"""Kinds of request bodies, and files as arguments: in JSON, and so in every tool call, a file is a data
URL.

`media/<name>.py` has one module for each kind, found by its path.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from pgagents.base import registry
from pgagents.base.http import media_type_of
from pgagents.base.places import Node, Text
from pgagents.catalogue.model.action import Action, FileLimits, Param

JSON = "application/json"
WHOLE = "whole_body"
"""The place of an argument that is the whole body."""
Given = tuple[Param, Any]
"""An argument with its value."""


@dataclass(frozen=True, slots=True)
class Body:
    """An encoded body, and the value of its Content-Type header."""

    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of request body.

    `matches` returns True for its media types, given in lower case without parameters. `write` encodes the
    action's body arguments.
    """

    name: str
    matches: Callable[[str], bool]
    write: Callable[[Action, Sequence[Given], Mapping[str, Any]], Body]
    """A function of the action, its body arguments with their values, and undeclared members."""
    typed: bool = False
    """True if values keep their JSON types; otherwise each is sent as text."""
    members: bool = True
    """True if the body has named members; otherwise one argument is the whole body."""
    files: bool = False
    """True if arguments may be files."""
    rank: int = 5
    """The position in which kinds are asked whether they match, lowest first."""
    charset: bool = False
    """True if clients append a charset to the type."""
    broken: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = ()
    """Ways to break a body of this kind, for tests: name, description, and change of a correct body."""
    says: str = ""
    """The name of a body of this kind in documents for people."""


@cache
def _every() -> tuple[Medium, ...]:
    found: list[Medium] = [m.MEDIUM for m in registry.collect("pgagents.catalogue.encoding.media").values()]
    return tuple(sorted(found, key=lambda m: (m.rank, m.name)))


def medium_of(content_type: str) -> Medium | None:
    """Return the kind of a media type; None if no kind can encode it."""
    plain = media_type_of(content_type)
    return next((m for m in _every() if m.matches(plain)), None)


def medium_of_action(action: Action) -> Medium:
    """Return the kind of an action's body."""
    found = medium_of(action.content_type)
    assert found is not None, "the catalogue's checks refuse other media types"
    return found


def has_body(action: Action) -> bool:
    """Return whether a call of the action sends a body."""
    return any(p.in_body for p in action.params)


def is_whole(action: Action) -> bool:
    """Return whether one argument is the whole body."""
    return any(p.place == WHOLE for p in action.params)


def list_types(action: Action, param: Param) -> tuple[str, ...]:
    """Return the types that a body may have: the listed ones of a file that is the whole body."""
    if param.place == WHOLE and param.file is not None and param.file.media:
        return param.file.media
    return (action.content_type,)


def write_body(action: Action, values: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Body:
    """Encode the body of a call. `values` are arguments by name, `more` undeclared members by name."""
    params = {str(p.name): p for p in action.params if p.in_body}
    given = [(params[name], value) for name, value in values.items() if name in params]
    return medium_of_action(action).write(action, given, more or {})


# -- files


_URL = re.compile(r"data:(?P<media>[a-z0-9.+-]+/[a-z0-9.+-]+)(?P<more>(?:;[^;,]*)*);base64,", re.I)
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_PDF = (
    b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n"
)
SMALLEST = {
    "image/png": base64.b64decode(_PIXEL),
    "image/gif": base64.b64decode(_GIF),
    "application/pdf": _PDF,
    "application/json": b"{}",
    "text/csv": b"a,b\n1,2\n",
}
"""A small valid file of each type. For other types it is a line of text."""
TEXT = b"pgv\n"
ANY = "application/octet-stream"
MAX_BOUNDARY = 2_000_000
"""Largest file that is made to test a limit, in bytes. Many APIs have a limit of 1 MiB."""


@dataclass(frozen=True, slots=True)
class File:
    """A file's media type, bytes and name; the name may be empty."""

    media: str
    data: bytes
    name: str = ""

    @property
    def url(self) -> str:
        """Return the file as a data URL."""
        name = f";name={quote(self.name, safe='')}" if self.name else ""
        return f"data:{self.media}{name};base64,{base64.b64encode(self.data).decode()}"


def parse_url(text: object) -> File | None:
    """Return the file of a data URL, or None if the text is none."""
    found = _URL.match(text) if isinstance(text, str) else None
    if found is None or not isinstance(text, str):
        return None
    try:
        data = base64.b64decode(text[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        return None
    named = (part.partition("=") for part in found["more"].split(";"))
    name = next((unquote(value) for key, _, value in named if key == "name"), "")
    return File(found["media"].lower(), data, name)


def pattern_of(media: Sequence[str]) -> str:
    """Return the pattern of data URLs of these types; of any type if there are none."""
    kinds = "|".join(re.escape(kind).replace("/", "\\/").replace("\\/", "/") for kind in media)
    kinds = f"(?:{kinds})" if media else "[a-z0-9.+-]+/[a-z0-9.+-]+"
    return f"^data:{kinds}(?:;name=[^;,]*)?;base64,[A-Za-z0-9+/]*=?=?$"


def is_pattern(pattern: object) -> bool:
    """True for a pattern made by `pattern_of`."""
    return isinstance(pattern, str) and pattern.startswith("^data:")


def make_file(limits: FileLimits, *, size: int | None = None, media: str = "") -> File:
    """Return a small valid file within the limits, padded to `size` bytes if given."""
    kind = media or next(iter(limits.media), ANY)
    kind = kind.replace("*", "plain") if kind.startswith("text/") else kind
    data = SMALLEST.get(kind, TEXT)
    if size is not None:
        data = data + b"\n" * (size - len(data)) if size >= len(data) else data[:size]
    elif limits.max_bytes is not None:
        data = data[: limits.max_bytes]
    return File(kind, data)


def name_of(file: File, wish: str) -> str:
    """Return the file's name; without one, a name made of `wish` and the type."""
    return file.name or f"{wish}{mimetypes.guess_extension(file.media) or '.bin'}"


def find_problem(limits: FileLimits, value: object) -> str:
    """Return why a value is not a file within the limits; empty if it is one."""
    file = parse_url(value)
    if file is None:
        return "it must be a file as a data URL: data:TYPE;base64,…"
    if limits.media and file.media not in limits.media:
        return f"its type is {file.media}, not {' or '.join(limits.media)}"
    if limits.max_bytes is not None and len(file.data) > limits.max_bytes:
        return f"it has {len(file.data):,} bytes, and {limits.max_bytes:,} is the most"
    return ""


# -- the schema of a file


_LEAD = 100
"""Characters before the Base64 part of a data URL with a name."""


def file_node(written: Node, limits: FileLimits) -> Node:
    """Return the schema of a file's data URL. Its description explains this form."""
    node = Node({k: v for k, v in written.items() if k != "format"}, origin=written.origin)
    node["pattern"] = Text(pattern_of(limits.media), (*written.origin, "media"))
    said = f"A file as a data URL: {_list_forms(limits)}"
    if limits.max_bytes is not None:
        node["maxLength"] = -(-limits.max_bytes // 3) * 4 + _LEAD
        said += f", of at most {limits.max_bytes:,} bytes"
    own = str(written.get("description", "")).rstrip()
    text = f"{own}{'' if not own or own[-1] in '.!?' else '.'} {said}.".strip()
    node["description"] = Text(text, (*written.origin, "description"))
    return node


def _list_forms(limits: FileLimits) -> str:
    """Return the beginning of a data URL of each type."""
    return " or ".join(f"`data:{kind};base64,...`" for kind in limits.media or ("TYPE",))
