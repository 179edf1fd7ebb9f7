"""Suggest the known word that a misspelt one was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from pgagents.text.brief import brief

MAX_COMPARED = 2_000


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a help text that names the nearest known word.

    If no word is near, it lists all known words where there are at most 20; otherwise it is empty.
    """
    words = sorted({str(k) for k in islice(known, MAX_COMPARED)})
    if near := nearest(word, words):
        return f"did you mean `{brief(near)}`?"
    if words and len(words) <= 20:
        return "known here: " + ", ".join(brief(w) for w in words)
    return ""


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Return True if a pattern names one of these, in any letter case; `*` stands for any text."""
    expression = ".*".join(map(re.escape, re.split(r"\*+", pattern)))
    return any(re.fullmatch(expression, name, re.I | re.S) for name in names if name)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the known word most similar to the misspelt one, or None.

    Words of more than 80 characters are not compared, because the time would be unbounded.
    """
    import difflib

    if len(word) > 80:
        return None
    close = [w for w in words if abs(len(w) - len(word)) <= 20]
    found = difflib.get_close_matches(word, close[:MAX_COMPARED], n=1, cutoff=0.6)
    return found[0] if found else None
