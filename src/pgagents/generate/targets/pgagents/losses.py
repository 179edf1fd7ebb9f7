"""The list of what generated documents cannot express, and of what the import of a document lost.

The file has a row for each kind of loss of a vendor, worst first, so that people read it; `pgagents build
--full` writes a row for each loss.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pgagents.base.text import brief
from pgagents.catalogue.model.model import Model
from pgagents.generate.target import BoundTarget, Loss, Summary, View

MOST_ROWS = 34
"""Rows of the table of kinds, so that the file has 60 lines at most."""
MOST_IMPORTED = 8
_NAME = re.compile(r"\A\w+: ")
"""The name of an operation before a reason."""
_WORST = ("dropped", "narrowed", "widened", "description", "client", "elsewhere")


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


@dataclass(frozen=True, slots=True)
class Kind:
    """The losses of one vendor that went the same way for one reason, with the first of them."""

    vendor: str
    went: str
    count: int
    first: Row


def view(model: Model, made: tuple[BoundTarget, ...]) -> View:
    """Return the kinds of losses, worst first."""
    kinds: dict[tuple[str, str, str], dict[Loss, None]] = {}
    for one in made:
        for loss in one.view.losses:
            why = _NAME.sub("", loss.detail) or loss.constraint.partition(" ")[0]
            key = (one.id.partition("/")[0], loss.went, why)
            kinds.setdefault(key, {})[loss] = None

    def rank(key: tuple[str, str, str]) -> tuple[bool, int, int, tuple[str, str, str]]:
        gone = any(loss.gone for loss in kinds[key])
        return not gone, _WORST.index(key[1]), -len(kinds[key]), key

    ordered = sorted(kinds, key=rank)
    rows = [
        Kind(key[0], key[1], len(kinds[key]), _rows(model, tuple(kinds[key]))[0])
        for key in ordered[:MOST_ROWS]
    ]
    return _make_view(
        model, made, _list_imported(model)[:MOST_IMPORTED], {"kinds": rows, "rest": len(ordered) - len(rows)}
    )


def view_whole(model: Model, made: tuple[BoundTarget, ...]) -> View:
    """Return all losses, each once, in the order of the catalogue."""
    sections = tuple(
        Section(m.id, m.target.title, _name(m), _rows(model, m.view.losses)) for m in made if m.view.losses
    )
    return _make_view(model, made, _list_imported(model), {"kinds": (), "sections": sections})


def _make_view(
    model: Model, made: Sequence[BoundTarget], imported: Sequence[str], table: dict[str, Any]
) -> View:
    whole = ", ".join(_name(m) for m in made if not m.view.losses)
    context = {
        "file": PurePath(model.source.file).name,
        "imported": imported,
        "unlisted": len(_list_imported(model)) - len(imported),
        "sections": (),
        "rest": 0,
        "whole": whole,
    }
    return View(context | table)


def _list_imported(model: Model) -> list[str]:
    """Return what the import of the catalogue's document lost, one line a kind, worst first."""
    return [brief(problem.message, 400) for problem in model.source.list_losses()]


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


TARGET = Summary("Losses", ("pgagents/losses.md",), view, view_whole)
