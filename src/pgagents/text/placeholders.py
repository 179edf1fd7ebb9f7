"""Texts with placeholders, `/lots/{id}`, compared with texts in which something stands for each: in linear time.

A regular expression of many placeholders can take longer than anybody waits for a text that nearly fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def split(template: str) -> tuple[list[str], list[str]]:
    """The literal texts around the placeholders, one more than those, and the placeholders' names."""
    pieces = PLACEHOLDER.split(template)
    return pieces[::2], pieces[1::2]


def filled(literals: Sequence[str], text: str, least: int = 1) -> list[str] | None:
    """What stands between the literal texts, each as long as it can be and the first ones first; None where they do not fit.

    `least` is how many characters each has at least.
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
