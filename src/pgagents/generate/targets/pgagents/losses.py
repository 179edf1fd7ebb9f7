"""What no generated document can carry: per target each constraint, where it went, and the catalogue's line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from pgagents.generate.target import BoundTarget, Loss, Summary, View
from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Row:
    """One loss as a reader meets it: the catalogue's line, what it says there, what became of it."""

    line: int
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
    """All losses in the order of the catalogue, each once."""
    sections = tuple(Section(m.id, m.target.title, ", ".join(m.target.outputs), _rows(model, m.view.losses)) for m in made if m.view.losses)
    whole = [", ".join(m.target.outputs) for m in made if not m.view.losses]
    return View({"file": PurePath(model.source.file).name, "sections": sections, "whole": whole})


def _rows(model: Model, losses: tuple[Loss, ...]) -> tuple[Row, ...]:
    rows = {
        (span.line, span.column, loss.constraint, loss.went): Row(
            span.line, ".".join(map(str, loss.origin)), loss.constraint.replace("`", ""), loss.went, loss.detail
        )
        for loss in losses
        for span in [model.source.locate(loss.origin)]
    }
    return tuple(rows[key] for key in sorted(rows))


TARGET = Summary("Losses", ("pgagents/losses.md",), view)
