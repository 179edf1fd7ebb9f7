"""Infer which text no two instances share, from what the document says of the refusal of a create.

"409: Email already exists" says it of the argument `email`, and so does a sentence of the operation such as
"An email that is taken is answered with 409" (a warehouse's document, 2026-12-01). What names no argument, or
several, says of none: "User already exists" may mean an id, and "name or slug" either of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.text import SENTENCES, split_words
from pgagents.importer.inference.states import find_status
from pgagents.importer.operations import ImportedAction

CONFLICT = 409
_IS_TAKEN = re.compile(
    r"\b(?:already\s+(?:exists?|in\s+use|registered|taken|used)|(?:is|was)\s+(?:taken|in\s+use)|must\s+be\s+unique"
    r"|duplicated?|(?:with|has)\s+(?:the\s+same|th(?:is|at))\s+\w+(?:\s+\w+)?\s+(?:already\s+)?exists?)\b",
    re.I,
)
_BEYOND = re.compile(r"\b(?:not|unless|if|but|or|version|deleted|archived)\b|n't\b", re.I)
"""Words by which a refusal has a further condition, or another cause."""
_REFUSED = re.compile(r"\b(?:409|conflict)\b", re.I)
_FRESH = "=fresh."


def infer_unique(
    made_by: Mapping[str, Any], action: ImportedAction, codes: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the resource's `unique`; empty if the document does not say which text is taken.

    A run must make the text up, so that no other instance has it.
    """
    refusals = [code for code in action.action.get("errors", ()) if find_status(codes.get(code)) == CONFLICT]
    said = " ".join(_list_said(action))
    if len(refusals) != 1 or not _IS_TAKEN.search(said) or _BEYOND.search(said):
        return []
    fresh = [n for n, value in made_by.get("input", {}).items() if str(value).startswith(_FRESH)]
    spoken = _pad(said)
    named = [n for n in fresh if _pad(n) in spoken]
    named = [n for n in named if not any(_pad(n) in _pad(other) for other in named if other != n)]
    return [{"members": named, "otherwise": refusals[0]}] if len(named) == 1 else []


def _pad(text: str) -> str:
    return f" {' '.join(split_words(text))} "


def _list_said(action: ImportedAction) -> Iterator[str]:
    """Yield what is said of the refusal: the text of its answer, and the sentences that name the status."""
    for answer in action.operation.answers:
        if answer.status == str(CONFLICT):
            yield answer.whole.text("description")
    whole = action.operation.whole
    for sentence in SENTENCES.split(f"{whole.text('summary')}\n{whole.text('description')}"):
        if _REFUSED.search(sentence) and _IS_TAKEN.search(sentence):
            # "409 if the email is taken" has no further condition; "and" may begin one
            yield re.sub(r"\band\b", "if", re.sub(r"\b(?:if|when)\b", "", sentence, count=1, flags=re.I))
