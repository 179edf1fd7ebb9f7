"""All changes between two editions of a catalogue, the worst first."""

from __future__ import annotations

from dataclasses import replace

from pgagents.diff import actions, api
from pgagents.diff.change import Change, in_order
from pgagents.diff.named import Named
from pgagents.model import Model


def compare(old: Model, new: Model) -> list[Change]:
    """What differs, for whom, and how badly. A change whose harmlessness is not shown is never called harmless."""
    old, new = (replace(model, schemas=Named(model.schemas)) for model in (old, new))
    return in_order([*actions.changes(old, new), *api.changes(old, new)])
