"""Find payment card numbers in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CARD = re.compile(  # it begins with a digit, so that a long text is searched for digits alone
    r"[0-9](?<![\w.-].)"
    r"(?:[0-9]{12,18}|[0-9]{3}([ -])(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{4,5}))"
    r"(?![\w-]|\.[0-9])"
)
_ISSUED = re.compile(r"[3-6]|2[2-7]")
"""The first digits of the card networks' numbers. Dates and times in digits alone begin otherwise."""


def find_card_numbers(text: str) -> Iterator[str]:
    """Yield the digits of each card number, bare or in the groups printed on cards.

    Digits that are a part of a longer word are no card number: an id may contain any digits. A word goes on
    behind `-` and `_`.
    """
    for found in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", found.group(0))
        if _ISSUED.match(digits) and _has_check_digit(digits):
            yield digits


def _has_check_digit(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, the Luhn formula)."""
    doubled = [
        int(c) if i % 2 == 0 else int(c) * 2 - (9 if c > "4" else 0) for i, c in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0
