"""Kinds of answers' bodies. `media/<name>.py` has one module for each, found by its path.

Each states how to read a body of its media types, and what to show of it to a model. So the client, the MCP
server and `verify` read one value. The sandbox writes bodies by code of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Literal

from pgagents.base import registry
from pgagents.base.http import Json, Response, is_json_type, media_type_of
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import ANY_TYPE, JSON, Output

ERRORS = f"{JSON};q=0.9"
"""Also accepted by calls of actions that answer another type, because their errors are JSON."""
_ANY = (ANY_TYPE, "")
_FILE, _TEXT = "application/octet-stream", "text/plain"
_CHARSETS = {
    "utf-8": "utf-8-sig", "ascii": "ascii", "iso8859-1": "latin-1", "cp1252": "cp1252", "utf-16": "utf-16",
    "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
}  # fmt: skip
"""Charsets that are read, by Python's name."""
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]{1,40})", re.I)


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of body.

    `types` are its media types. `*` stands for any text, and the longest match counts. `read` takes the body,
    the answer's own Content-Type and the declared output.
    """

    name: str
    types: tuple[str, ...]
    read: Callable[[bytes, str, Output], Json]
    shown: Literal["data", "text", "size"]
    """The form in which a model gets the body: a JSON value, text, or only its size."""


def is_json(media: str) -> bool:
    """True if bodies of this media type are JSON. An empty type and `*/*` count as JSON."""
    return is_json_type(media) or media_type_of(media) in _ANY


def fits(told: str, promised: str) -> bool:
    """True if a Content-Type is the promised media type, in which `*` stands for anything."""
    return fnmatchcase(media_type_of(told), media_type_of(promised))


def fits_any(told: str, output: Output) -> bool:
    """True if a Content-Type is one that the output allows."""
    return any(fits(told, promised) for promised in output.types)


@lru_cache(maxsize=500)
def find(media: str) -> Medium:
    """Return the kind of a media type's bodies."""
    plain = media_type_of(media)
    fitting = [
        (len(pattern), medium)
        for medium in _media()
        for pattern in medium.types
        if fnmatchcase("application/json" if plain in _ANY else plain, pattern)
    ]
    return max(fitting, key=lambda one: one[0])[1]


@cache
def _media() -> tuple[Medium, ...]:
    found = registry.collect("pgagents.catalogue.decoding.media")
    return tuple(module.MEDIUM for module in found.values())


def kind_of(output: Output) -> Medium:
    """Return the kind of an output's bodies. One of any type is a file if its schema is bytes, else JSON."""
    bytes_alone = output.any_type and output.schema is not None and output.schema.get("format") == "binary"
    return find(_FILE if bytes_alone else output.content_type)


def accept_of(action: Action) -> str:
    """Return the Accept header of a call:

    JSON, or the media types of the action's successes followed by JSON for its errors. Where any type is
    right, JSON comes first, unless the success is a file.
    """
    anything = [o for o in action.outputs if o.schema is not None and o.any_type and 200 <= o.status < 300]
    named = list(
        dict.fromkeys(
            media_type_of(media)
            for o in action.outputs
            for media in o.types
            if o.schema is not None and 200 <= o.status < 300
        )
    )
    if any(media not in (JSON, *_ANY) for media in named):
        return ", ".join([*named, ERRORS])
    if any(kind_of(o).name == "file" for o in anything):
        return ANY_TYPE
    return f"{JSON}, {ANY_TYPE};q=0.8" if anything else JSON


def medium_of(response: Response, output: Output | None) -> Medium:
    """Return the kind of an answer's body, as the output declares it.

    If the Content-Type is JSON, the kind is JSON, unless the output may be a JSON file. A body of any type is
    what its Content-Type says, and text without one.
    """
    told = response.header("Content-Type")
    if output is not None and output.schema is not None and output.any_type:
        return find(told or _TEXT) if (kind := kind_of(output)).name == "json" else kind
    stored = output is not None and told is not None and media_type_of(told) in output.media
    if output is None or output.schema is None or (told and is_json(told) and not stored):
        return find(JSON)
    return find(output.content_type)


def read_as(response: Response, output: Output | None) -> Json:
    """Parse the body of an answer as the output declares.

    An answer with a JSON Content-Type is parsed as JSON.
    """
    if output is None:
        from pgagents.base.http import read_json

        return read_json(response.body, paired=True)
    return medium_of(response, output).read(response.body, response.header("Content-Type") or "", output)


def text_of(body: bytes, content_type: str) -> Json:
    """Decode a body by the charset of its Content-Type; without one, as UTF-8."""
    named = _CHARSET.search(content_type)
    try:
        charset = _CHARSETS.get(codecs.lookup(named[1]).name if named else "utf-8", "")
    except (LookupError, ValueError):
        charset = ""
    if not charset:
        return Json(problem=f"the charset {named[1] if named else ''!a} is not known")
    try:
        return Json(body.decode(charset))
    except UnicodeDecodeError as error:
        return Json(problem=f"byte {error.start} is not {named[1] if named else 'UTF-8'}")
