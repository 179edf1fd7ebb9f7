"""What a generated document is: a view of the model, laid out by a template, and what it could not carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.model.model import Model
from pgagents.source.source import Pointer

Went = Literal["dropped", "description", "widened", "narrowed", "client", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Loss:
    """A constraint of the catalogue that a format cannot carry.

    `origin` is the constraint's place in the catalogue, `constraint` what it says (`maximum 50`), `went` where it
    went: dropped, moved into the description, widened, narrowed (some calls that the API takes cannot be made), left to
    the calling client, or to another document.
    """

    origin: Pointer
    constraint: str
    went: Went
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something a vendor may refuse later: a count or a size past its limit. A warning, and an error under `--strict`."""

    origin: Pointer
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What the template reads, what was lost on the way, and what may be too much for the vendor."""

    context: Mapping[str, Any]
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of document. Its id is its module's path: `gemini/functions`.

    `surface` is the name under `surfaces` that must exist for it to apply (None: always), `part` a part of the model that
    must not be empty (`workflows`, `surfaces.copilot.package`). `outputs` are paths in the output folder; `.json` and
    `.yaml` files of one target are one document in two forms, anything else is text.
    `max_bytes` is what the vendor takes of one file at most. `for_models`: all of the document is laid before a model at
    every turn, so what it costs there is counted.
    """

    title: str
    outputs: tuple[str, ...]
    view: Callable[[Model], View]
    surface: str | None = None
    max_bytes: int | None = None
    part: str | None = None
    for_models: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """A document about the other documents: made after them, from what they are."""

    title: str
    outputs: tuple[str, ...]
    view: Callable[[Model, tuple[BoundTarget, ...]], View]


@dataclass(frozen=True, slots=True)
class BoundTarget:
    """A target that applies to a catalogue, with its view."""

    id: str
    target: Target | Summary
    view: View
