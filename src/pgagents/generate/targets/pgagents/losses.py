"""The list of constraints that generated documents cannot express, by target.

Each row has the catalogue's line and what happened to the constraint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.generate.target import BoundTarget, Loss, Summary, View


@dataclass(frozen=True, slots=True)
class Row:
    """One loss as a row: the catalogue's line and place, the constraint, and what happened to it.

    A part that a catalogue's document says has its pointer there in place of a line, which moves with every
    edition of the document.
    """

    line: str
    place: str
    constraint: str
    went: str
    detail: str


@dataclass(frozen=True, slots=True)
class Section:
    """The losses of one target."""

    id: str
    title: str
    outputs: str
    rows: tuple[Row, ...]


def view(model: Model, made: tuple[BoundTarget, ...]) -> View:
    """Return all losses, each once, in the order of the catalogue."""
    sections = tuple(
        Section(m.id, m.target.title, _name(m), _rows(model, m.view.losses)) for m in made if m.view.losses
    )
    whole = [_name(m) for m in made if not m.view.losses]
    return View({"file": PurePath(model.source.file).name, "sections": sections, "whole": whole})


def _name(made: BoundTarget) -> str:
    """Return the outputs of a target.

    Many files are shown as one pattern, and pictures by their own names.
    """
    return ", ".join(made.paths if made.view.assets else made.target.outputs)


def _rows(model: Model, losses: tuple[Loss, ...]) -> tuple[Row, ...]:
    rows: dict[tuple[Any, ...], Row] = {}
    for loss in losses:
        span = model.source.locate(loss.origin)
        own = span.file == model.source.file
        place = (0, span.line, span.column, "") if own else (1, 0, 0, span.pointer)
        rows[*place, loss.constraint, loss.went] = Row(
            str(span.line) if own else span.pointer,
            ".".join(map(str, loss.origin)),
            loss.constraint.replace("`", ""),
            loss.went,
            loss.detail,
        )
    return tuple(rows[key] for key in sorted(rows))


TARGET = Summary("Losses", ("pgagents/losses.md",), view)
