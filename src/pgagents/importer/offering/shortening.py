"""Shorten a text for a vendor with a limit, by keeping as many whole sentences as fit."""

from __future__ import annotations

import re
from typing import Any

from pgagents.importer.reading.names import cut, first_sentence
from pgagents.importer.reading.note import Notes
from pgagents.source.source import Pointer

_END = re.compile(r"(?<=[.!?])\s+")


def shorten(data: dict[str, Any], surface: str, at: Pointer, most: int, notes: Notes) -> bool:
    """Write a shorter text for one surface, or for all if a surface cannot have its own.

    Return False if the value at the pointer is no text, or has been shortened before.
    """
    holder: Any = data
    for step in at[:-1]:
        holder = holder.get(step) if isinstance(holder, dict) else None
    text = holder.get(at[-1]) if isinstance(holder, dict) else None
    if not isinstance(text, str) or at[-1] not in ("description", "title"):
        return False
    own = _own_text(at)
    if own is None:
        if len(text) <= most:
            return False
        holder[at[-1]] = fit(text, most)
        notes.add_lost(at, f"the text has {len(text):,} characters; {surface} takes {most:,}")
        return True
    texts = data["actions"][at[1]].setdefault("texts", {}).setdefault(surface, {})
    where = texts.setdefault("params", {}) if len(own) == 2 else texts
    if own[-1] in where:
        return False
    where[own[-1]] = fit(text, most)
    notes.infer(("actions", at[1], "texts"), f"from the description, as {surface} takes {most:,} characters")
    return True


def _own_text(at: Pointer) -> tuple[str, ...] | None:
    """Return the path below `texts.SURFACE` of a text that a surface can replace."""
    if at[:1] != ("actions",):
        return None
    if len(at) == 3:
        return (str(at[2]),)
    return ("params", str(at[3])) if len(at) == 5 and at[2] == "input" else None


def fit(text: str, most: int) -> str:
    """Return the first sentences that have at most `most` characters together."""
    made = ""
    for sentence in _END.split(" ".join(text.split())):
        longer = f"{made} {sentence}".strip()
        if len(longer) > most:
            break
        made = longer
    return made or first_sentence(text, most) or cut(text, most)
