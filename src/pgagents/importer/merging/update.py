"""Update an author's catalogue to a later edition of the document that it was imported from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.importer.catalogue import Imported
from pgagents.importer.invalid_parts import make_comments
from pgagents.importer.merging.merge import Conflict, Edit, merge, without_dangling
from pgagents.importer.merging.patch import patch_text
from pgagents.importer.merging.renames import follow_renames
from pgagents.source.source import Source


@dataclass(frozen=True, slots=True)
class Update:
    """The author's file after the merge, the changes from the document, and the conflicts."""

    text: str
    edits: tuple[Edit, ...]
    conflicts: tuple[Conflict, ...]


def update(source: Source, base: dict[str, Any], made: Imported) -> Update:
    """Merge a new import into the author's file. `base` is the data of the previous import."""
    was, becomes = follow_renames(base, source.data, made.data)
    steps = list(merge(was, source.data, becomes))
    edits, kept = without_dangling(source.data, [s for s in steps if isinstance(s, Edit)])
    conflicts = [*(s for s in steps if isinstance(s, Conflict)), *kept]
    text = source.text
    if edits or conflicts:
        text = patch_text(source, edits, conflicts, make_comments(made.notes))
    return Update(text, tuple(edits), tuple(conflicts))
