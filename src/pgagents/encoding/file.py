"""Files as arguments. In JSON, and so in every tool call, a file is a data URL (RFC 2397).

`data:image/png;name=cat.png;base64,iVBORw…` has the type, optionally a name, and the bytes. MCP's proposal
for files (SEP-2356, read 2026-11-21) has the same form.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from pgagents.model.argument import FileLimits

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
    """Return why a value is no file within the limits; empty if it is one."""
    file = parse_url(value)
    if file is None:
        return "it must be a file as a data URL: data:TYPE;base64,…"
    if limits.media and file.media not in limits.media:
        return f"its type is {file.media}, not {' or '.join(limits.media)}"
    if limits.max_bytes is not None and len(file.data) > limits.max_bytes:
        return f"it has {len(file.data):,} bytes, and {limits.max_bytes:,} is the most"
    return ""
