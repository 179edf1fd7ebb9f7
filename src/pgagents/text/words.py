"""Find words in a text or in a tool's name, in any letter case and any way of joining words."""

from __future__ import annotations

import re

_PARTS = re.compile(r"\d+|[A-Z]+(?![^\W\d_A-Z])|[^\W\d_][^\W\d_A-Z]*")
_PLURALS = ("", "s", "es")


def find_word(words: str, text: str) -> bool:
    """Return True if `text` contains the words in order, each whole, in singular or plural.

    `refund` is found in `createRefund`, `list_refunds` and "Refunds a fine", and not in `refundable`.
    """
    wanted, parts = split_words(words), split_words(text)
    if not wanted:
        return False
    return any(
        all(map(_is_same, wanted, parts[start : start + len(wanted)]))
        for start in range(len(parts) - len(wanted) + 1)
    )


def split_words(text: str) -> list[str]:
    """Return the words of a text or a name in lower case."""
    return [part.casefold() for part in _PARTS.findall(text)]


def _is_same(one: str, other: str) -> bool:
    """True if two words differ at most by the ending of a plural."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) :] in _PLURALS
