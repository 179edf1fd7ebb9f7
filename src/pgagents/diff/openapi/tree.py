"""One edition of a document: its values with references resolved, and its schemas in one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

from pgagents.diff.openapi.convert import Converter, steps
from pgagents.diff.shapes.difference import Who
from pgagents.source.source import Pointer


class Document(Protocol):
    """A file or URL that was read."""

    @property
    def location(self) -> str: ...
    @property
    def name(self) -> str: ...


class Spot(Protocol):
    """A value and its place. `pointer` is a JSON Pointer in its document."""

    @property
    def value(self) -> Any: ...
    @property
    def document(self) -> Document: ...
    @property
    def pointer(self) -> str: ...
    def at(self, *steps: str | int) -> Any: ...


class Tree(Protocol):
    """A document and all documents that it refers to."""

    def root(self) -> Any: ...
    def follow(self, found: Any) -> Any: ...
    def target(self, found: Any) -> Any: ...


class Edition:
    """One side of a comparison."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.root: Spot = tree.root()
        self.documents: list[Document] = [self.root.document]
        self.old_style = not re.match(r"3\.[1-9]", str(self.mapping(self.root).get("openapi", "")))
        self._schemas: dict[Who, Converter] = {}

    def schemas(self, who: Who) -> Converter:
        """Return the converter of schemas for one direction: sent by callers, or received by readers."""
        if who not in self._schemas:
            self._schemas[who] = Converter(self, who, old_style=self.old_style)
        return self._schemas[who]

    def place(self, spot: Spot) -> Pointer:
        """Return the number of a spot's document, followed by the steps in it."""
        for number, document in enumerate(self.documents):
            if document.location == spot.document.location:
                return (number, *steps(spot.pointer))
        self.documents.append(spot.document)
        return (len(self.documents) - 1, *steps(spot.pointer))

    def open(self, spot: Spot, *keys: str | int) -> Spot:
        """Return the value at these keys, with references resolved."""
        found: Spot = self.tree.follow(spot.at(*keys) if keys else spot)
        return found

    @cached_property
    def has_xml(self) -> bool:
        """Return whether any body may be XML. Only then does the keyword `xml` matter."""
        stack = [self.root.value]
        while stack:
            value = stack.pop()
            if isinstance(value, dict):
                content = value.get("content")
                if isinstance(content, dict) and any("xml" in str(name).lower() for name in content):
                    return True
                stack.extend(value.values())
            elif isinstance(value, list):
                stack.extend(value)
        return False

    @staticmethod
    def mapping(spot: Spot | None) -> Mapping[str, Any]:
        """Return the value if it is a mapping, otherwise an empty one."""
        return spot.value if spot is not None and isinstance(spot.value, dict) else {}

    def members(self, spot: Spot, key: str) -> dict[str, Spot]:
        """Return the members of the mapping under `key`, with references resolved and without extensions."""
        inside = self.open(spot, key)
        return {name: self.open(inside, name) for name in self.mapping(inside) if not name.startswith("x-")}

    def text(self, spot: Spot, key: str) -> str:
        """Return a member if it is text, otherwise an empty text."""
        value = self.mapping(spot).get(key)
        return value if isinstance(value, str) else ""
