"""Ids that nobody has, however leniently a server reads them.

Some servers read an id by its leading digits: JavaScript's `parseInt`, PHP's `(int)`, Ruby's `to_i` and MySQL
where it compares a number with a text. Others take the first digits that they find, trim it, fold its case or
normalise its letters. So a text for nobody's id has letters alone, and a changed id of one's own has no other
number in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

NOBODY = "kzhqvjxwfmtbdgnplc"
"""Random letters, drawn once, without a digit for a reader of numbers."""
NOBODYS_NUMBER = 0x7F3C9A1E5B2D8064
"""Random bits as a number: far from ids that lists show, also in 32 and 31 bits and as a float."""
BEYOND = 2**63
"""A whole number above every id: no column of whole numbers holds one so large."""

MOST_OLDER = 5_000

_LEADING = re.compile(r"[+-]?\s*(\d[\d_]*)")
_ASCII = re.compile(r"[+-]?\s*([0-9]+)")
"""Matches what a reader sees that stops before a digit of another script, as in `2２`."""
_DECIMAL = re.compile(r"[+-]?\s*(\d*\.?\d+(?:e[+-]?\d{1,3})?)")
_BASED = re.compile(r"[+-]?\s*0(x[0-9a-f]+|o[0-7]+|b[01]+|[0-7]+)")
_BASES = {"x": 16, "o": 8, "b": 2}
_INVISIBLE = "\0\ufeff\u200b\u200e\u2060"


def list_numbers(value: Any) -> frozenset[int]:
    """Return the whole numbers that lenient readers take a value for, without their sign.

    `false` and a text that begins with a letter are zero to some, which no table numbers a row with.
    """
    if isinstance(value, bool):
        return frozenset((1,)) if value else frozenset()
    if isinstance(value, int):
        return frozenset((abs(value),))
    if isinstance(value, float):
        return frozenset((abs(int(value)), abs(round(value)))) if math.isfinite(value) else frozenset()
    if isinstance(value, list):
        return frozenset(number for item in value for number in list_numbers(item))
    if not isinstance(value, str):
        return frozenset()
    decoded = unquote(value)
    forms = {value, decoded, normalize("NFKC", value), normalize("NFKC", decoded)}
    return frozenset(number for form in forms for number in _read(form.strip().strip(_INVISIBLE).strip()))


def _read(text: str) -> Iterable[int]:
    text = text.lstrip("'\"([{#").casefold()
    if found := _LEADING.match(text):
        yield int(found[1].replace("_", "")[:400])
        yield int(found[1].partition("_")[0][:400])
    if found := _ASCII.match(text):
        yield int(found[1][:400])
    if found := _DECIMAL.match(text):
        number = float(found[1])
        yield from (int(number), round(number)) if math.isfinite(number) else ()
    if found := _BASED.match(text):
        digits = found[1]
        base = _BASES.get(digits[0], 8)
        yield int(digits[1:] if digits[0] in _BASES else digits, base)


def _fold(text: str) -> str:
    return re.sub(r"[\W_]", "", normalize("NFKC", text).casefold())


def _take(pattern: str) -> Callable[[str], str]:
    found = re.compile(pattern, re.S)
    return lambda text: _fold("".join(found.findall(normalize("NFKC", text).casefold()))).lstrip("0")


def _part(place: int) -> Callable[[str], str]:
    return lambda text: _fold(re.split(r"[\W_]+", text)[place])


_BEGINNINGS = (r"\A[\W_]*.", r"\A.{4}", r"\A.{8}")
_DIGITS = (r"\A\W*[0-9]+", r"[0-9]+\W*\Z", r"\A[^0-9]*([0-9]+)", "[0-9]", "[0-9a-f]")
_READERS = (_fold, _part(0), _part(-1), *map(_take, (*_BEGINNINGS, *_DIGITS)))
"""What lenient readers take a text id for: without case and punctuation, its first or last part, its first
characters, its digits (at the beginning, at the end, the first ones, all, hexadecimal ones). Empty: nothing.
"""


class OlderIds:
    """The text ids of a kind that a run did not make, as each reader takes them that its server may have."""

    def __init__(self) -> None:
        self._taken: dict[Callable[[str], str], set[str]] = {read: set() for read in _READERS}

    def add(self, id: Any) -> None:
        for read, texts in self._taken.items() if isinstance(id, str) else ():
            texts.update({read(id)} - {""} if len(texts) < MOST_OLDER else ())

    def may_be(self, id: Any) -> bool:
        """True if the server may take an id for one of these."""
        return isinstance(id, str) and any(read(id) in texts for read, texts in self._taken.items())

    def has(self, read: Callable[[str], str], text: str) -> bool:
        """True if a reader takes one of these for this text."""
        return text in self._taken.get(read, ())

    def rule_out(self, id: Any) -> None:
        """Note that a read by this id answered none of these: the server is not a reader that would."""
        if isinstance(id, str):
            self._taken = {read: texts for read, texts in self._taken.items() if read(id) not in texts}


SHORT, SURE = 6, 1
"""The most digits of a reading that an older row may share by chance; the most characters of one that some
older row surely has.
"""


def list_confusing(id: Any, older: OlderIds) -> dict[Callable[[str], str], bool]:
    """Return the readers who may take a text id for an older row's, known or not.

    The value is true if one who does would surely meet a row of others, so that another result rules it out.
    """
    taken = {read: read(id) for read in _READERS} if isinstance(id, str) else {}
    plain = taken.get(_fold, "").lstrip("0")
    return {
        read: len(text) <= SURE or older.has(read, text)
        for read, text in taken.items()
        if text.lstrip("0") not in ("", plain)
        and (len(text) <= (SHORT if text.isdigit() else SURE) or older.has(read, text))
    }


def reads_as_others(value: Any, own: Iterable[Any]) -> bool:
    """True if a lenient reader takes a value for a number that is none of one's own ids."""
    return not list_numbers(value) <= {number for id in own for number in list_numbers(id)}


def list_like(value: str) -> list[str]:
    """Return texts that resemble a text and hold NOBODY, and that no reader of numbers takes for an id."""
    value = re.sub(r"\d", "q", value)
    half = len(value) // 2
    tried = (
        f"{value}{NOBODY}",
        f"{NOBODY}{value}",
        f"{value[:half]}{NOBODY}{value[half:]}",
        f"{NOBODY}{value[len(NOBODY) :]}",
    )
    return [text for text in tried if not list_numbers(text)]
