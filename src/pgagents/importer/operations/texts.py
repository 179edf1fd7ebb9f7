"""Write the title and the description of an action."""

from __future__ import annotations

from typing import Any

from pgagents.importer.reading.names import cut, one_line, sentence
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.source.source import Pointer

MOST = 8000
"""Longest description that is kept, in characters."""


def add_texts(op: Operation, name: str, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    """Add title and description from the document, or else from the name."""
    summary, description = op.whole.text("summary"), op.whole.text("description")
    action["title"] = one_line(
        summary or (description.split(". ")[0] if description else sentence(name)), 120
    ) or sentence(name)
    action["description"] = cut(description or summary) or sentence(name)
    if len(description) > MOST:
        notes.add_lost(
            (*at, "description"),
            f"the description has {len(description):,} characters; {MOST:,} are kept",
            op.whole.place,
        )
