"""Find the place in an OpenAPI document from which each part of the catalogue was made.

Reports of `verify --openapi` name these places, because the catalogue has no file that a reader could open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.places import Place, Pointer, Source, Span, value_at
from pgagents.base.reading import parse
from pgagents.importer.document import Document, Found
from pgagents.importer.operations import ImportedAction
from pgagents.importer.schemas import Schemas

MAX_CHARACTERS = 8_000_000
"""Longest document in which lines are found, in characters. Reading a longer one would take minutes."""
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
    path: str = ""
    """The path of its file; empty for one that was fetched."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of each action's operation in the document: its operationId, its label and its path."""

    placed: bool = False
    """True if `root` has the places of the document's values, which are read when somebody asks for one."""

    @property
    def is_document(self) -> bool:
        """True: the catalogue was made from it."""
        return True

    def knows(self, steps: Pointer) -> bool:
        """True if a part of the document is known from which this value, or what it lies in, was made."""
        return any(steps[:n] in self.places for n in range(len(steps), 0, -1))

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the line in the document from which the value at `pointer` was made."""
        steps = tuple(pointer)
        if not self.placed:
            self.placed = True
            if len(self.text) <= MAX_CHARACTERS:
                self.root = parse(self.text, self.file, max_values=MAX_VALUES, foreign=True).root
        known = next((steps[:n] for n in range(len(steps), 0, -1) if steps[:n] in self.places), None)
        found = () if known is None else (*self.places[known], *steps[len(known) :])
        return Source.locate(self, found, at_value=at_value)


def open_source(
    text: str,
    name: str,
    data: Any,
    places: Places,
    schemes: Sequence[str] = (),
    bases: Sequence[str] = ("",),
) -> DocumentSource:
    """Return the source of a catalogue that was made from a document."""
    return DocumentSource(name, text, data, Place((0, 0), (0, 0)), [], None, places, schemes, bases)


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
        for answer in one.operation.answers:
            if answer.status.isdecimal():
                add((*at, "output", int(answer.status)), answer.whole)
    for (location, pointer), name in schemas.by_place.items():
        if location == document.location:
            found["schemas", name] = _steps(pointer, document.data)
    for name, section in resources.items():
        for key in RESOURCE_CALLS:
            action = section.get(key, {}).get("action", "")
            if (there := found.get(("actions", action))) is not None:
                found["resources", name, key] = there
                found.setdefault(("resources", name), there)
    return found


def _steps(pointer: str, data: Any) -> Pointer:
    """Return the steps of a JSON Pointer. Steps into lists are numbers."""
    steps: list[str | int] = []
    for text in pointer.split("/")[1:]:
        step: str | int = text.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list):
            step = int(step)
        steps.append(step)
        data = value_at(data, (step,))
    return tuple(steps)
