"""Dicts and strings that remember the part of the catalogue they were made from.

All other code uses them as ordinary dicts and strings. `trace` reads their origin to map a member of a
generated file to the catalogue's line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.source.source import Pointer


class Node(dict[str, Any]):
    """A dict made from the catalogue value at `origin`. Its members have the same keys there."""

    __slots__ = ("origin",)

    def __init__(self, members: Mapping[str, Any] | None = None, *, origin: Pointer = ()) -> None:
        super().__init__(members or {})
        self.origin = origin


class Text(str):
    """A string made from the catalogue value at `origin`."""

    __slots__ = ("origin",)
    origin: Pointer

    def __new__(cls, value: str, origin: Pointer = ()) -> Text:
        text = super().__new__(cls, value)
        text.origin = origin
        return text


def origin_of(value: Any) -> Pointer | None:
    """Return the catalogue pointer of a value, or None if it has none."""
    return value.origin if isinstance(value, Node | Text) else None


def plain(value: Any) -> Any:
    """Convert a value to exact built-in types, for libraries that refuse subclasses."""
    kind = type(value)
    if (
        kind is str or kind is int or kind is bool
    ):  # the most frequent types first: isinstance with an abstract class is slow
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict | Mapping):
        return {str(k) if isinstance(k, str) else k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value
