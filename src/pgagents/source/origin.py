"""Values that remember which part of the catalogue they came from.

They are ordinary dicts and strings to everyone else; `trace` reads the origin to lead from any member of a
generated file back to the catalogue's line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.source.source import Pointer


class Node(dict[str, Any]):
    """A dict made from the catalogue value at `origin`; its members stand under the same keys there."""

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
    """Where a value came from, if it remembers."""
    return value.origin if isinstance(value, Node | Text) else None


def plain(value: Any) -> Any:
    """The same value in exact built-in types, for libraries that refuse subclasses."""
    kind = type(value)
    if kind is str or kind is int or kind is bool:  # most of what there is; an abstract class takes long to ask
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict | Mapping):
        return {str(k) if isinstance(k, str) else k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value
