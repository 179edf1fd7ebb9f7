"""Find the place in an OpenAPI document of each part of the catalogue that was made from it.

Reports of `verify --openapi` name these places, because no catalogue's file exists that a reader could open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.document import Document
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas import Schemas
from pgagents.source.read import parse
from pgagents.source.source import Place, Pointer, Source, Span, value_at

MAX_CHARACTERS = 8_000_000
"""Length of a document above which no lines are found, because reading them would take minutes."""
MAX_VALUES = 1_000_000
RESOURCE_CALLS = ("read_by", "made_by", "found_by", "listed_by", "undone_by")
"""Keys of a resource that name an action; the first one that is there stands for the resource."""
Places = Mapping[Pointer, Pointer]
"""Pointers of the catalogue, each with the pointer in the document."""


@dataclass(slots=True)
class DocumentSource(Source):
    """A document's text, in which pointers of the catalogue are located.

    `schemes` are the security schemes that the document describes, as `--auth` takes them. `bases` are the
    paths of its servers; that which the catalogue's paths begin with comes first.
    """

    places: Places = field(default_factory=dict)
    schemes: Sequence[str] = ()
    bases: Sequence[str] = ("",)
    gains: Sequence[str] = ()
    """Lines that say what a catalogue would add; the last one is the command that writes it."""

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the line of the part that the value at `pointer` was made from."""
        steps = tuple(pointer)
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
    """Return the source of a catalogue that was made from a document's text."""
    root = Place((0, 0), (0, 0))
    if len(text) <= MAX_CHARACTERS:
        root = parse(text, name, max_values=MAX_VALUES, foreign=True).root
    return DocumentSource(name, text, data, root, [], None, places, schemes, bases)


def find_places(
    made: Sequence[ImportedAction], schemas: Schemas, document: Document, resources: Mapping[str, Any]
) -> Places:
    """Return the places of actions, arguments, answers, schemas and resources in the first document.

    `resources` is that section of the catalogue.
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
    """Return a JSON Pointer as steps; those into lists are numbers."""
    steps: list[str | int] = []
    for text in pointer.split("/")[1:]:
        step: str | int = text.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list):
            step = int(step)
        steps.append(step)
        data = value_at(data, (step,))
    return tuple(steps)
