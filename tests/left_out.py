"""Reads tests/left_out.yaml, and asks the importer about each case."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from importing import imported, openapi, operation
from pgagents.base.reading import parse

TABLE = Path(__file__).parent / "left_out.yaml"


def cases() -> dict[str, Any]:
    """Return the cases by id."""
    source = parse(TABLE.read_text(encoding="utf-8"), TABLE.name)
    assert not source.problems, source.problems
    assert isinstance(source.data, dict)
    return dict(source.data)


def said_of(case: dict[str, Any]) -> str:
    """Return the importer's message about a case; empty if it says nothing of it."""
    document = merged(openapi({"/books": {"get": operation()}}), case["document"])
    notes = imported(document).notes
    told = [note.message for note in notes if note.kind in ("lost", "left out", "blocked", "decide")]
    return next((message for message in told if case["said"] in message), "")


def merged(old: Any, new: Any) -> Any:
    """Merge mappings; anything else replaces what was there."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return copy.deepcopy(new)
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
