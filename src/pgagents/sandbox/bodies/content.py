"""The values of a request's body, and the comparison of its Content-Type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UTF8 = ("utf-8", "utf8")


@dataclass(frozen=True, slots=True)
class Content:
    """The values of a body by their names on the wire, and the names that no argument has."""

    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def is_type(header: str | None, wanted: str) -> bool:
    """True if a Content-Type names this media type, with no other charset than UTF-8."""
    if header is None:
        return False
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    return kind == wanted.lower() and all(charset in UTF8 for charset in charsets)
