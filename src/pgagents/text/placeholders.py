"""Match templates with placeholders, such as `/lots/{id}`, against texts, in linear time.

A regular expression with many placeholders can take exponential time for a text that almost matches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def split(template: str) -> tuple[list[str], list[str]]:
    """Split a template into its literal texts and the names of its placeholders.

    There is always one literal more than there are placeholders.
    """
    pieces = PLACEHOLDER.split(template)
    return pieces[::2], pieces[1::2]


def match_placeholders(literals: Sequence[str], text: str, least: int = 1) -> list[str] | None:
    """Return the values that the placeholders have in `text`, or None if the literals do not match.

    Each value is as long as possible, earlier ones first, and has at least `least` characters.
    """
    if len(literals) == 1:
        return [] if text == literals[0] else None
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return None
    begin, end = len(literals[0]), len(text) - len(literals[-1])
    found: list[str] = []
    for left in range(len(literals) - 2, 0, -1):
        literal = literals[left]
        at = text.rfind(literal, begin, end - least) if end - least >= begin else -1
        if at < 0:
            return None
        found.append(text[at + len(literal) : end])
        end = at
    return [text[begin:end], *reversed(found)] if end - begin >= least else None
