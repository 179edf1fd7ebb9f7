"""A text's data with the place of every value, and the part of the catalogue that a value was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import dropwhile
from pathlib import Path
from typing import Any, Literal

from pgagents.base.text import brief

Pointer = tuple[str | int, ...]
LONG_LINE = 1_000
"""Characters of a line from which on its column helps nobody to find a value."""
MOST_POINTER = 300
"""Characters of a JSON Pointer that are shown."""
_JSON = re.compile(r"\s*[{\[]")
_LINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Line and column count from 1, the column in code points.

    `pointer` is the value's JSON Pointer where the file is JSON or the line is very long; else it is empty.
    `guess` says from what a part was concluded that no file says, and is empty for every other part.
    """

    file: str
    line: int
    column: int
    pointer: str = field(default="", compare=False)
    guess: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.position + self.suffix

    @property
    def position(self) -> str:
        """The place without the pointer, as editors read it: FILE:LINE:COLUMN."""
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def suffix(self) -> str:
        """The pointer in brackets after a blank; empty without a pointer."""
        return f" ({self.pointer})" if self.pointer else ""


@dataclass(slots=True)
class Place:
    """The positions of a value and of its key (line and column from 0), and the places of its children."""

    key: tuple[int, int]
    value: tuple[int, int]
    children: dict[str | int, Place] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of the text itself, such as a syntax error."""

    span: Span
    id: str
    message: str
    help: str = ""
    inside: Pointer = ()
    """The pointer of the mapping or list with the problem; empty if that does not matter."""
    severity: Literal["error", "warning", "note"] = "error"


@dataclass(slots=True)
class Source:
    """A file's text, its data and the places of its values. `file` is its name in messages.

    `folder` contains the file, so that the text may name files beside it; None for a text without a file.
    """

    file: str
    text: str
    data: Any
    root: Place
    problems: list[Problem] = field(default_factory=list)
    folder: Path | None = None

    @property
    def is_document(self) -> bool:
        """True for a document of others, such as OpenAPI, that was read in a catalogue's place."""
        return False

    def is_from_document(self, pointer: Pointer) -> bool:  # noqa: ARG002  # two files differ by it
        """True if a document of others says the value at `pointer`, and not the catalogue's author."""
        return self.is_document

    def is_guessed(self, pointer: Pointer) -> bool:  # noqa: ARG002  # only an import guesses
        """Return True for a value that neither the author nor a document says."""
        return False

    @property
    def whole(self) -> str:
        """The text of all files that the data was read from."""
        return self.text

    def part(self, file: str) -> Source:  # noqa: ARG002  # one file is the whole
        """Return the file of this name. A catalogue over a document is made of two."""
        return self

    def find_written(self, pointer: Pointer) -> tuple[Source, Pointer] | None:
        """Return the text that a person edits, and the pointer in it; None if it has no such value."""
        return (self, pointer) if self.has(pointer) else None

    def to_written(self, steps: Pointer) -> Pointer:
        """Return a pointer of the catalogue as one of the text that a person edits, which may lack it."""
        return steps

    def value_behind(self, span: Span) -> Any:  # noqa: ARG002  # only a foreign document shows values
        """Return the value at a place as `{KEY: VALUE}`, where its line is too long to show, or None."""
        return None

    def list_remarks(self) -> Sequence[Problem]:
        """Return what `pgagents lint` says of how the data was read; nothing for one file."""
        return ()

    def list_losses(self) -> Sequence[Problem]:
        """Return what was lost when the data was read; nothing for one file."""
        return ()

    def list_holders(self, pointer: Pointer) -> list[Span]:  # noqa: ARG002  # one file is the whole
        """Return the entries above a part that is in another file; none for a text of its own."""
        return []

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the place of the value at `pointer`, or of its nearest existing ancestor.

        The place of a mapping's member is its key, or its value with `at_value`.
        """
        place, found = self.root, list[str | int]()
        for step in pointer:
            child = (place.children or {}).get(step)
            if child is None:
                break
            place = child
            found.append(step)
        line, column = place.value if at_value else place.key
        return Span(self.file, line + 1, column + 1, name_place(self.text, line, found))

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


def name_place(text: str, line: int, steps: Sequence[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a value in a line (from 0), cut to `MOST_POINTER` characters.

    It is empty where line and column are enough: outside JSON, whose line breaks may be anywhere, and in
    lines that are not very long.
    """
    if not steps or not (_JSON.match(text) or line in _find_long_lines(text)):
        return ""
    return write_pointer(steps)


def write_pointer(steps: Iterable[str | int]) -> str:
    """Return steps as a JSON Pointer (RFC 6901), cut to `MOST_POINTER` characters."""
    return brief("".join(f"/{write_step(step)}" for step in steps), MOST_POINTER)


def write_step(step: str | int) -> str:
    """Return one step as a JSON Pointer has it."""
    return str(step).replace("~", "~0").replace("/", "~1")


def read_step(written: str) -> str:
    """Return the key or index that a step of a JSON Pointer means."""
    return written.replace("~1", "/").replace("~0", "~")


@lru_cache(maxsize=4)
def _find_long_lines(text: str) -> frozenset[int]:
    return frozenset(number for number, line in enumerate(_LINE.split(text)) if len(line) > LONG_LINE)


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


def list_leaves(value: Any) -> Iterator[Any]:
    """Yield what stands in a value, at any depth, and is neither an object nor a list."""
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from list_leaves(inner)
    else:
        yield value


def span_at(file: str, text: str, index: int) -> Span:
    """Return the place of the character at `index`."""
    before = text[:index]
    start = max(before.rfind("\n"), before.rfind("\r")) + 1
    return Span(file, before.count("\n") + before.replace("\r\n", "").count("\r") + 1, index - start + 1)


# -- values that remember their origin


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


# -- the place of one character of a value


_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.))", re.S)
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v",
          "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip
_BREAK = re.compile(r"\r\n|\r|\n")


def locate_within(source: Source, pointer: Pointer, offset: int) -> Span | None:
    """Return the place of the character at `offset` of the text at `pointer`.

    An offset at the end is the place after the last character. The result is None if the file does not
    contain the text, as after an alias. Blanks do not count, because YAML may fold them.
    """
    value = value_at(source.data, pointer)
    if not isinstance(value, str) or not source.has(pointer):
        return None
    span = source.locate(pointer, at_value=True)
    source = source.part(span.file)
    starts = [0, *(match.end() for match in _BREAK.finditer(source.text))]
    begin = starts[span.line - 1] + span.column - 1
    units = _units(source.text, begin)
    place = begin
    for index, char in enumerate(value):
        if char.isspace():
            continue
        unit = next(dropwhile(lambda unit: unit[0].isspace(), units), None)
        if unit is None or unit[0] != char:
            return None
        if index >= offset:
            return replace(_span(source.file, starts, unit[1]), pointer=span.pointer)
        place = unit[2]
    return replace(_span(source.file, starts, place), pointer=span.pointer)


def _span(file: str, starts: list[int], index: int) -> Span:
    line = sum(start <= index for start in starts)
    return Span(file, line, index - starts[line - 1] + 1)


def _units(text: str, begin: int) -> Iterator[tuple[str, int, int]]:
    """Yield each character of a value with its place in the file, and the place after the last one."""
    quote, at = text[begin : begin + 1], begin
    if quote in ("|", ">"):
        header = _BREAK.search(text, begin)
        at = header.end() if header else len(text)
    elif quote in ('"', "'"):
        at += 1
    while at < len(text):
        escape = _ESCAPE.match(text, at) if quote == '"' else None
        end = escape.end() if escape else at + (2 if quote == "'" and text.startswith("''", at) else 1)
        yield _meaning(escape) if escape else text[at], at, end
        at = end


def _meaning(escape: re.Match[str]) -> str:
    *codes, char = escape.groups()
    code = next((int(code, 16) for code in codes if code), None)
    if code is not None:
        return chr(code) if code < 0x110000 else "\ufffd"
    return " " if char in ("\n", "\r", "\r\n") else _MEANT.get(char, char)
