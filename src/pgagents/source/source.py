"""A text's data, and the place of every value in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Line and column count from 1, the column in code points."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Place:
    """The positions of a value and of its key (line and column from 0), and the places of its children."""

    key: tuple[int, int]
    value: tuple[int, int]
    children: dict[str | int, Place] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem of the text itself, such as a syntax error."""

    span: Span
    id: str
    message: str
    help: str = ""


@dataclass(slots=True)
class Source:
    """A file's text, its data and the places of its values. `file` is its name in messages.

    `folder` contains the file, so that the text may name files beside it; None for a text without a file.
    """

    file: str
    text: str
    data: Any
    root: Place
    faults: list[Fault] = field(default_factory=list)
    folder: Path | None = None

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the place of the value at `pointer`, or of its nearest existing ancestor.

        The place of a mapping's member is its key, or its value with `at_value`.
        """
        place = self.root
        for step in pointer:
            child = (place.children or {}).get(step)
            if child is None:
                break
            place = child
        line, column = place.value if at_value else place.key
        return Span(self.file, line + 1, column + 1)

    def has(self, pointer: Iterable[str | int]) -> bool:
        """True if the text has a value at exactly this pointer."""
        place: Place | None = self.root
        for step in pointer:
            place = (place.children or {}).get(step) if place else None
        return place is not None

    def pointers(self) -> Iterator[Pointer]:
        """Yield the pointer of every value, parents first."""
        stack: list[tuple[Pointer, Place]] = [((), self.root)]
        while stack:
            pointer, place = stack.pop()
            yield pointer
            stack.extend(
                ((*pointer, step), child) for step, child in reversed((place.children or {}).items())
            )


def value_at(data: Any, pointer: Iterable[str | int]) -> Any:
    """Return the value at a pointer, or None if there is none."""
    for step in pointer:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
