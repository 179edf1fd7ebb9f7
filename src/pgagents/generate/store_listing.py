"""Make the parts of a store's listing: members of its manifest, test cases in its form, the icon."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pgagents.base.places import Node, Text
from pgagents.base.text import brief
from pgagents.catalogue.model.listing import Case, Listing, cases_of
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import find_name
from pgagents.generate.target import Loss, Note

STORE = "openai"
"""The surface whose store takes test cases."""


def name_tools(model: Model, case: Case) -> Text:
    """Return the names of the tools that a case calls, in order and separated by commas."""
    surface = model.surfaces["mcp"]
    return Text(", ".join(find_name(surface, action) for action in case.actions), case.origin)


def list_positive(model: Model, prompt: str, outcome: str) -> list[Node]:
    """Return the positive cases for OpenAI's store.

    `prompt` and `outcome` are the store's member names for the prompt and the result.
    """
    return [
        _node(
            case,
            {
                "description": case.description,
                prompt: case.prompt,
                "tools_triggered": name_tools(model, case),
                outcome: case.outcome,
            },
        )
        for case in cases_of(model, STORE)
        if case.is_positive
    ]


def list_negative(model: Model, prompt: str) -> list[Node]:
    """Return the negative cases. `prompt` is the store's member name for the prompt."""
    return [
        _node(case, {"description": case.description, prompt: case.prompt})
        for case in cases_of(model, STORE)
        if not case.is_positive
    ]


def _node(case: Case, members: dict[str, Any]) -> Node:
    return Node(members, origin=case.origin)


def list_lost_calls(model: Model) -> Iterator[Loss]:
    """Yield a loss for each part of a case that reviewers do not see: arguments, conditions, codes and
    words.
    """
    cases = model.surfaces[STORE].cases
    if cases is not None:
        why = "a reviewer reads words; `pgagents verify` makes the calls"
        yield Loss(cases.origin, "arguments and conditions of the test cases", "dropped", why)


def list_lost_cases(model: Model, store: str, title: str) -> Iterator[Loss]:
    """Yield a loss for all cases, if the store has no place for them. `title` names the document."""
    cases = model.surfaces[store].cases
    if cases is not None:
        count = len(cases.positive) + len(cases.negative)
        why = f"{title} has no place for them; `pgagents verify` runs them"
        yield Loss(cases.origin, f"{count} test cases", "dropped", why)


def list_drafts(model: Model, store: str) -> Iterator[Note]:
    """Yield a note for each prompt that is only proposed. A submission must not contain it."""
    for case in cases_of(model, store):
        if case.draft:
            message = f"the prompt of the test case `{case.name}` is a draft, with which nothing is submitted"
            help = "write it in your own words, and remove `draft: true`"
            yield Note((*case.origin, "draft"), message, help)


# -- members of a manifest


def leave_out_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members without empty texts, lists and mappings."""
    return {key: value for key, value in members.items() if value not in ("", [], {})}


def make_author(listing: Listing) -> dict[str, Any]:
    """Return the developer's name, with the address and page if they are known."""
    return leave_out_empty({"name": listing.developer, "email": listing.email, "url": listing.developer_url})


def list_members(listing: Listing) -> dict[str, Any]:
    """Return the members of a manifest that plugins of several stores share. Some may be empty."""
    return {
        "name": listing.id,
        "version": listing.version,
        "description": listing.summary,
        "author": make_author(listing),
        "homepage": listing.website,
        "license": listing.license,
        "keywords": list(listing.keywords),
    }


_THREE = re.compile(r"[1-9][0-9]{0,4}\.[0-9]{1,5}\.[0-9]{1,5}")


def find_unfit_version(model: Model, title: str) -> Iterator[Note]:
    """Yield a falsehood if a manifest cannot have the product's version. `title` names the package.

    Microsoft's manifests take three numbers from 1.0.0 on, and each upload must have a higher version
    (https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema, read 2026-11-25).
    Another version than the product's would be a false statement.
    """
    version = model.api.version
    if not _THREE.fullmatch(version):
        message = f"{title} has a version of three numbers, 1.0.0 or higher; the API's is `{brief(version)}`"
        help = "release the API under such a version; until then the other documents are built without this"
        yield Note(("api", "version"), message, help, "version")


def make_app(model: Model, surface: Surface, apart: str = "") -> dict[str, Any]:
    """Return what every Microsoft app manifest says of the app and its developer.

    An app without an id in the catalogue gets one derived from the API's address and id. `apart` is added to
    them for a second app of the same API.
    """
    written, at = surface.package, (*surface.origin, "package")
    made = Text(str(uuid5(NAMESPACE_URL, f"{model.api.server}#{model.api.id}{apart}")), ("api", "id"))
    return {
        "version": Text(model.api.version, ("api", "version")),
        "id": Text(written.id, (*at, "id")) if written.id else made,
        "developer": {
            "name": Text(written.developer, (*at, "developer")),
            "websiteUrl": Text(written.website, (*at, "website"))
            if written.website
            else Text(model.api.server, ("api", "server")),
            "privacyUrl": model.text("api", "privacy"),
            "termsOfUseUrl": model.text("api", "terms"),
        },
        "accentColor": Text(written.accent, (*at, "accent")),
    }


# -- the icon: the author's own, or a PNG that has the same bytes on every system


COLOUR = "#1F5FA8"
"""The background colour of an icon if the catalogue names none."""
WIDE, HIGH = 5, 7
# a letter is seven rows of five dots
_GLYPHS = {
    "A": "01110 10001 10001 11111 10001 10001 10001", "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110", "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111", "F": "11111 10000 10000 11110 10000 10000 10000",
    "G": "01110 10001 10000 10111 10001 10001 01110", "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "01110 00100 00100 00100 00100 00100 01110", "J": "00111 00010 00010 00010 00010 10010 01100",
    "K": "10001 10010 10100 11000 10100 10010 10001", "L": "10000 10000 10000 10000 10000 10000 11111",
    "M": "10001 11011 10101 10101 10001 10001 10001", "N": "10001 11001 10101 10011 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110", "P": "11110 10001 10001 11110 10000 10000 10000",
    "Q": "01110 10001 10001 10001 10101 10010 01101", "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110", "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110", "V": "10001 10001 10001 10001 10001 01010 00100",
    "W": "10001 10001 10001 10101 10101 11011 10001", "X": "10001 10001 01010 00100 01010 10001 10001",
    "Y": "10001 10001 01010 00100 00100 00100 00100", "Z": "11111 00001 00010 00100 01000 10000 11111",
}  # fmt: skip
WHITE = b"\xff\xff\xff"


def choose_icon(listing: Listing, side: int) -> bytes:
    """Return the author's icon; without one, a PNG of `side` pixels with the initials of the name."""
    if listing.icon is not None:
        return listing.icon.raw
    return draw_icon(initials(listing.name), side, str(listing.colour) or COLOUR)


def initials(name: str) -> str:
    """Return the initials of a name's first two words that begin with a letter from A to Z; `O` if no word
    does.
    """
    found = [word[0].upper() for word in name.split() if word[0].upper() in _GLYPHS]
    return "".join(found[:2]) or "O"


def draw_icon(letters: str, side: int, background: str | None) -> bytes:
    """Draw white letters on a square of `side` pixels, which must be a multiple of 8.

    `background` is a colour such as `#1F5FA8`; None means transparent.
    """
    dots = len(letters) * (WIDE + 1) - 1
    scale = max(1, side * 3 // (5 * max(dots, HIGH)))
    left, top = (side - dots * scale) // 2, (side - HIGH * scale) // 2
    rows = [_draw_row(letters, (y - top) // scale, left, scale, side) for y in range(side)]
    header = struct.pack(
        ">IIBBBBB", side, side, 1, 3, 0, 0, 0
    )  # one bit per pixel, with a palette of two colours
    palette = (bytes.fromhex(background[1:]) if background else WHITE) + WHITE
    clear = b"" if background else _png_chunk(b"tRNS", b"\0")
    # stored without compression, because zlib versions compress the same pixels to different bytes
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 0)
    parts = [
        _png_chunk(b"IHDR", header),
        _png_chunk(b"PLTE", palette),
        clear,
        _png_chunk(b"IDAT", data),
        _png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _draw_row(letters: str, line: int, left: int, scale: int, side: int) -> bytes:
    """Return the bytes of one line of pixels, eight pixels a byte. `line` is the row of dots to draw."""
    pixels = ["0"] * side
    for index, letter in enumerate(letters if 0 <= line < HIGH else ""):
        for column, dot in enumerate(_GLYPHS[letter].split()[line]):
            start = left + (index * (WIDE + 1) + column) * scale
            pixels[start : start + scale] = [dot] * scale
    return int("".join(pixels), 2).to_bytes(side // 8, "big")


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
