"""Find the place in an OpenAPI document from which each part of the catalogue was made.

Reports of `verify --openapi` name these places, because the catalogue has no file that a reader could open.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.places import Place, Pointer, Source, Span, name_place, value_at, write_pointer
from pgagents.base.reading import parse
from pgagents.importer.document import BASE, Document, Found
from pgagents.importer.operations import ImportedAction, first_call
from pgagents.importer.schemas import Schemas

MAX_CHARACTERS = 8_000_000
"""Longest YAML document in which lines are found, in characters. Reading a longer one would take minutes."""
MAX_VALUES = 1_000_000
RESOURCE_CALLS = ("read_by", "made_by", "found_by", "listed_by", "undone_by")
"""Keys of a resource that name an action. The place of the first one serves as the resource's place."""
Places = Mapping[Pointer, Pointer]
"""Pointers of the catalogue, each with a pointer of the document."""


@dataclass(slots=True)
class DocumentSource(Source):
    """The text of a document, in which pointers of the catalogue are located.

    `schemes` are the security schemes that the document describes, as `--auth` takes them. `bases` are the
    paths of its servers. The first one is the beginning of the catalogue's paths.
    """

    places: Places = field(default_factory=dict)
    schemes: Sequence[str] = ()
    bases: Sequence[str] = ("",)
    gains: Sequence[str] = ()
    """Lines about what a catalogue would add. The last one is the command that writes it."""
    fetched: str = ""
    """A sentence on whether it was fetched with the key; empty for a file."""
    dangling: str = ""
    """A sentence on the references that lead nowhere; empty without one."""
    left_out: str = ""
    """A sentence on the operations that the catalogue does not have; empty if it has all."""
    path: str = ""
    """The path of its file; empty for one that was fetched."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of each action's operation in the document: its operationId, its label and its path."""

    parsed: Any = None
    """The document's own data, for the values behind pointers."""
    always_points: bool = False
    """True if each place has its pointer, also in YAML with short lines: the document is read each time."""
    relocate: Callable[[Pointer, bool], Span | Pointer] | None = None
    """A function for a document that other files change.

    It returns the place of a value in one of these, or the value's pointer in the document's text. Its second
    argument is true for the place of the value itself, not of its key.
    """
    finder: JsonPlaces | YamlPlaces | None = None
    """The places of the document's values, which are read when somebody asks for one."""

    @property
    def is_document(self) -> bool:
        """True: the catalogue was made from it."""
        return True

    def knows(self, steps: Pointer) -> bool:
        """True if a part of the document is known from which this value, or what it lies in, was made."""
        return any(steps[:n] in self.places for n in range(len(steps), 0, -1))

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the place in the document from which the value at `pointer` was made."""
        steps = tuple(pointer)
        known = next((steps[:n] for n in range(len(steps), 0, -1) if steps[:n] in self.places), None)
        wanted = () if known is None else (*self.places[known], *steps[len(known) :])
        if self.relocate is not None:
            moved = self.relocate(wanted, at_value)
            if isinstance(moved, Span):
                return moved
            wanted = moved
        (line, column), count = self._find_places().find(wanted, at_value=at_value)
        if not count and known is not None:  # too long a YAML text for places
            count = len(self.places[known])
        found = wanted[:count]
        shown = write_pointer(found) if self.always_points else name_place(self.text, line, found)
        return Span(self.file, line + 1, column + 1, shown)

    def _find_places(self) -> JsonPlaces | YamlPlaces:
        if self.finder is None:
            found = JsonPlaces(self.text) if self.text.lstrip()[:1] in ("{", "[") else None
            self.finder = found if found is not None and found.is_json else YamlPlaces(self.text)
        return self.finder

    def value_behind(self, span: Span) -> Any:
        """Return the document's value at a place that `locate` gave, as `{KEY: VALUE}`; None without one."""
        if self.parsed is None or not span.pointer:
            return None
        steps = _steps(span.pointer, self.parsed)
        return {str(steps[-1]): value_at(self.parsed, steps)}


class YamlPlaces:
    """The places of a YAML document, read as a whole; none of one with more than `MAX_CHARACTERS`."""

    def __init__(self, text: str) -> None:
        empty = Place((0, 0), (0, 0))
        short = len(text) <= MAX_CHARACTERS
        self.root = parse(text, max_values=MAX_VALUES, foreign=True).root if short else empty

    def find(self, steps: Pointer, *, at_value: bool) -> tuple[tuple[int, int], int]:
        """Return line and column, from 0, of the deepest value that is there, or of its key.

        The second value is the number of steps to it.
        """
        place, count = self.root, 0
        for step in steps:
            child = (place.children or {}).get(step)
            if child is None:
                break
            place, count = child, count + 1
        return place.value if at_value else place.key, count


_SPACE = re.compile(r"[ \t\n\r]*")
_LINE_END = re.compile(r"\r\n|\r|\n")


class JsonPlaces:
    """The places of a JSON document of any size. Only the values along the way to a pointer are scanned.

    A value beside the way is skipped by the standard library's parser, which takes a second for 100 MB.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.members: dict[int, dict[str | int, tuple[int, int]]] = {}
        """By the offset of a collection, the offsets of each member's key and value."""
        self.starts: list[int] = []

    def find(self, steps: Pointer, *, at_value: bool) -> tuple[tuple[int, int], int]:
        """Return line and column, from 0, of the deepest value that is there, or of its key.

        The second value is the number of steps to it.
        """
        key = value = self._skip(0)
        count = 0
        for step in steps:
            member = self._list_members(value).get(step)
            if member is None:
                break
            (key, value), count = member, count + 1
        return self._place(value if at_value else key), count

    @property
    def is_json(self) -> bool:
        """False for YAML in braces."""
        return bool(self._list_members(self._skip(0)))

    def _list_members(self, at: int) -> dict[str | int, tuple[int, int]]:
        if at not in self.members:
            try:
                self.members[at] = dict(self._scan(at))
            except (ValueError, IndexError, StopIteration, RecursionError):
                self.members[at] = {}  # it is YAML in braces
        return self.members[at]

    def _scan(self, at: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
        """Yield the members of the object or list that begins at an offset."""
        text, decoder = self.text, json.JSONDecoder()
        is_object = text[at] == "{"
        if not is_object and text[at] != "[":
            return
        at, number = self._skip(at + 1), 0
        while text[at] not in "}]":
            key, name = at, number
            if is_object:
                name, at = decoder.raw_decode(text, at)
                at = self._skip(self._skip(at) + 1)
            value = at
            _, at = decoder.raw_decode(text, at)
            yield name, (key, value)
            at, number = self._skip(at), number + 1
            if text[at] == ",":
                at = self._skip(at + 1)

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _place(self, at: int) -> tuple[int, int]:
        if not self.starts:
            self.starts = [0, *(found.end() for found in _LINE_END.finditer(self.text))]
        line = bisect_right(self.starts, at) - 1
        return line, at - self.starts[line]


def open_source(
    text: str,
    name: str,
    data: Any,
    places: Places,
    schemes: Sequence[str] = (),
    bases: Sequence[str] = ("",),
    *,
    parsed: Any = None,
) -> DocumentSource:
    """Return the source of a catalogue that was made from a document. `parsed` is the document's own data."""
    source = DocumentSource(name, text, data, Place((0, 0), (0, 0)), [], None, places, schemes, bases)
    source.parsed = parsed
    return source


def find_places(
    made: Sequence[ImportedAction], schemas: Schemas, document: Document, resources: Mapping[str, Any]
) -> Places:
    """Return the places of actions, arguments, answers, schemas and resources in the first document.

    `resources` is the section of the catalogue.
    """
    found: dict[Pointer, Pointer] = {}

    def add(pointer: Pointer, there: Found) -> None:
        if there.document is document:
            found[pointer] = _steps(there.pointer, document.data)

    for one in made:
        at: Pointer = ("actions", one.name)
        add(at, one.operation.whole)
        for parameter in one.operation.parameters:
            if argument := one.wires.get((parameter.name, parameter.place)):
                add((*at, "input", argument), parameter.whole)
        for argument, member in _list_members(one, schemas):
            add((*at, "input", argument), member)
        for answer in one.operation.answers:
            if answer.status.isdecimal():
                add((*at, "output", int(answer.status)), answer.whole)
    for (location, pointer), name in schemas.by_place.items():
        if location == document.location:
            found["schemas", name] = _steps(pointer, document.data)
    for name, section in resources.items():
        for key in RESOURCE_CALLS:
            action = first_call(section.get(key)).get("action", "")
            if (there := found.get(("actions", action))) is not None:
                found["resources", name, key] = there
                found.setdefault(("resources", name), there)
        if (there := found.get(("resources", name, "made_by"))) is not None:
            found |= {("resources", name, "unique", n): there for n in range(len(section.get("unique", ())))}
    return found


def _list_members(one: ImportedAction, schemas: Schemas) -> Iterator[tuple[str, Found]]:
    """Yield the arguments that are members of the body's schema, each with the member there."""
    body = one.operation.body
    if body is None:
        return
    properties = schemas.references.follow(body.schema).at("properties").members()
    for (name, place), argument in one.wires.items():
        if place == "body" and name in properties:
            yield argument, properties[name]


def _steps(pointer: str, data: Any) -> Pointer:
    """Return the steps of a JSON Pointer in the document's own text. Steps into lists are numbers."""
    steps: list[str | int] = []
    for text in pointer.split("/")[1:]:
        step: str | int = text.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list):
            step = int(step)
        steps.append(step)
        data = value_at(data, (step,))
    return tuple(step for step in steps if step != BASE)
