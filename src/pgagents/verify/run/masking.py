"""Search texts for many secrets at once, in every encoding, and mask what was found.

The time for a text hardly grows with the number of secrets. Long secrets are found by their parts, and a
person's data as whole words.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from unicodedata import normalize

NEAR = 12
"""The fewest characters in a row that are masked if a secret contains them too."""
_START = 4
"""The number of characters by which a word is looked up."""
_MAY_BEGIN = re.compile(r"(?<![a-z0-9]).", re.S)
_ALNUM = re.compile(r"[a-z0-9]")
Hit = tuple[int, int, str]
"""Begin, end, and the text whose characters it shows; empty for a part of one."""


def lower_text(text: str) -> str:
    """Return the text in lower case, with each character at the same index."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small := c.lower()) == 1 else c for c in text)


class Runs:
    """Secrets that are found by any `width` of their characters in a row, in either case.

    Such characters contain a whole sample: `_size` characters that begin at a multiple of `_step`. So only
    the samples are looked up, and the text around a sample is compared.
    """

    def __init__(self) -> None:
        self._windows: dict[int, set[str]] = {}
        self._wholes: set[str] = set()
        self._samples: set[str] = set()
        self._size = self._step = 0

    def add(self, secret: str, width: int, allowed: str = "") -> None:
        """Look for the parts of a secret with `width` characters, except for parts of the text `allowed`.

        Letter case does not count.
        """
        low = lower_text(secret)
        windows = {low[i : i + width] for i in range(len(low) - width + 1)} - _list_shared(
            low, width, allowed
        )
        self._wholes.add(secret)
        self._windows.setdefault(width, set()).update(windows)
        least = min(self._windows)
        size = (least + 1) // 2
        if size != self._size:
            self._size, self._step, self._samples = size, least - size + 1, set()
            for window in {w for several in self._windows.values() for w in several}:
                self._samples.update(window[i : i + size] for i in range(len(window) - size + 1))
        elif windows:  # windows overlap, so their samples are those of the whole secret
            self._samples.update(low[i : i + size] for i in range(len(low) - size + 1))

    def find(self, text: str) -> Iterator[Hit]:
        """Yield every run of characters that also stands in a secret."""
        if not self._samples:
            return
        low, size = lower_text(text), self._size
        covered = 0
        for i in range(0, len(low) - size + 1, self._step):
            if low[i : i + size] in self._samples and i + size > covered:
                for begin, end in self._around(low, i):
                    covered = max(covered, end)
                    whole = text[begin:end]
                    yield begin, end, whole if whole in self._wholes else ""

    def _around(self, low: str, at: int) -> Iterator[tuple[int, int]]:
        """Yield the longest runs that cover the sample at this place."""
        for width, windows in self._windows.items():
            first = next(
                (i for i in range(max(0, at - width + self._size), at + 1) if low[i : i + width] in windows),
                None,
            )
            if first is None:
                continue
            begin, end = first, first + width
            while begin > 0 and low[begin - 1 : begin - 1 + width] in windows:
                begin -= 1
            while end < len(low) and low[end + 1 - width : end + 1] in windows:
                end += 1
            yield begin, end


def _list_shared(low: str, width: int, text: str) -> set[str]:
    """Return the parts of `low`, each of so many characters, that also occur in `text`.

    The text may be long, so it is searched for a few pieces first. Each piece has half the width and begins
    at a multiple of it, so every part contains a whole piece.
    """
    half = (width + 1) // 2
    pieces = {at for at in range(0, len(low), half) if low[at : at + half] in text} if text else ()
    starts = (i for at in pieces for i in range(max(0, at - half + 1), at + 1) if i + width <= len(low))
    return {part for i in starts if (part := low[i : i + width]) in text}


class Words:
    """Texts that are found in either case if neither a letter nor a digit stands beside them."""

    def __init__(self) -> None:
        self._by_start: dict[str, list[str]] = {}

    def add(self, word: str) -> None:
        """Search for this text, too."""
        low = lower_text(word)
        several = self._by_start.setdefault(low[:_START], [])
        if low not in several:
            several.append(low)
            several.sort(key=len, reverse=True)

    def find(self, text: str) -> Iterator[Hit]:
        """Yield every place of a word, with the characters that stand there."""
        if not self._by_start:
            return
        low = lower_text(text)
        for match in _MAY_BEGIN.finditer(low):
            begin = match.start()
            for word in self._by_start.get(low[begin : begin + _START], ()):
                end = begin + len(word)
                if low.startswith(word, begin) and not _ALNUM.match(low, end):
                    yield begin, end, text[begin:end]
                    break


# -- texts without their encodings
#
# Known encodings are percent signs, backslashes, references of HTML, quoted-printable and base64. So are
# hexadecimal digits, numbers of characters, and characters one by one or of other widths. Blanks and tags in
# between do not count. Each reading maps its characters to the encoded text, so that this part can be masked.


Places = tuple[Sequence[int], Sequence[int]]
"""The beginnings and the ends of the parts of the text that the characters of a reading stand for."""
Found = TypeVar("Found")
DEPTH = 5
"""The most encodings inside each other: two that each escape twice, and the JSON around them."""
LEAST = 8
"""The fewest characters of base64 or of digits that are decoded. Shorter secrets are masked as words only."""

_ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})|%u(?P<script>[0-9A-Fa-f]{4})"
    r"|\\(?:[uUxX]\{(?P<braced>[0-9A-Fa-f]{1,6})\}|[uU](?P<four>[0-9A-Fa-f]{4})|[xX](?P<two>[0-9A-Fa-f]{2})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<blank>[nrt])|(?P<sign>[^\w\s]))"
    r"|&(?:#0{0,9}(?P<decimal>[0-9]{1,7})|#[xX]0{0,9}(?P<hexadecimal>[0-9A-Fa-f]{1,6})"
    r"|(?P<entity>[A-Za-z][A-Za-z0-9]{1,30}));?"
)
_BLANK = re.compile("[\\s\x00\xad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
"""Invisible characters: those of a line break, the zero bytes of UTF-16, and characters without a width."""
_MARKUP = re.compile(r"<[^<>]{1,80}>|\x1b\[[0-9;]{0,20}[A-Za-z]")
_QUOTED = re.compile(r"=(?:(?P<two>[0-9A-F]{2})|\r?\n)")
_SPELLED = re.compile(rf"[^\W_](?:[\W_]{{1,5}}[^\W_](?![^\W_])){{{LEAST - 1},}}")
"""Characters one by one, as lists show them."""
_SIGNS = re.compile(r"[\W_]+")
_WIDE = re.compile(r"[^\x00-\x7f]")
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{LEAST},}}")
_STANDARD = str.maketrans("-_", "+/")
_HEX = re.compile(rf"[0-9A-Fa-f](?:[ :.,-]{{0,2}}(?:0x)?[0-9A-Fa-f]){{{2 * LEAST - 1},}}")
_NUMBERS = re.compile(rf"[0-9]{{1,3}}(?:[,;\s]{{1,3}}[0-9]{{1,3}}){{{LEAST - 1},}}")
_NUMBER = re.compile("[0-9]{1,3}")
_PRINTED = re.compile(rf"[\0\t\r\n -~]{{{LEAST},}}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with one coding undone. `places` maps its characters to those of the original; it is computed
    for a match only.
    """

    text: str
    places: Callable[[], Places]


def search(
    text: str, find: Callable[[str], Iterator[tuple[int, int, Found]]]
) -> Iterator[tuple[int, int, Found, bool]]:
    """Search a text and its decoded readings with `find`.

    Yields begin and end in the text itself, the find, and whether it was encoded.
    """
    yield from _search(text, find, (), DEPTH)


def _search(
    text: str, find: Callable[[str], Iterator[tuple[int, int, Found]]], way: tuple[Reading, ...], depth: int
) -> Iterator[tuple[int, int, Found, bool]]:
    for begin, end, what in find(text):
        first, last = begin, end
        for reading in reversed(way):
            begins, ends = reading.places()
            first, last = begins[first], ends[last - 1]
        yield first, last, what, last - first != end - begin
    if depth and len(text) >= LEAST:
        for reading in readings(text):
            yield from _search(reading.text, find, (*way, reading), depth - 1)


def readings(text: str) -> Iterator[Reading]:
    """Yield the results of undoing one coding, if they differ from the text."""
    if "%" in text or "\\" in text or "&" in text:
        yield from _replaced(text, _ESCAPE, _character)
    if "=" in text:
        yield from _replaced(text, _QUOTED, lambda match: _character(match) if match["two"] else "")
    yield from _replaced(text, _BLANK, lambda _: "")
    yield from _replaced(text, _MARKUP, lambda _: "")
    if not text.isascii():
        yield from _replaced(text, _WIDE, lambda match: normalize("NFKC", match[0]))
    for match in _SPELLED.finditer(text):
        spelled, first = match[0], match.start()
        at = [first + i for i, char in enumerate(spelled) if not _SIGNS.match(char)]
        yield Reading("".join(text[i] for i in at), partial(_one_by_one, at))
    for match in _BASE64.finditer(text):
        for offset in range(4):  # what stands before it may belong to its alphabet
            yield from _find_printable(_of_base64(match, offset))
    for match in _HEX.finditer(text):
        for offset in range(2):
            yield from _find_printable(_of_hex(match, offset))
    for match in _NUMBERS.finditer(text):
        yield _of_numbers(match)


def unescape(text: str) -> str:
    """Return the text with its escapes undone once."""
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    """Decode one escape; leave it as it is where it encodes no character."""
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind == "sign":
        return value
    if kind == "blank":
        return " "
    if kind == "entity":
        return html.unescape(f"&{value};") if html.unescape(f"&{value};") != f"&{value};" else match[0]
    number = int(value, {"octal": 8, "decimal": 10}.get(str(kind), 16))
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]


def _replaced(text: str, pattern: re.Pattern[str], made: Callable[[re.Match[str]], str]) -> Iterator[Reading]:
    plain = pattern.sub(made, text)
    if plain != text:
        yield Reading(plain, lambda: _places(text, pattern, made))


def _places(text: str, pattern: re.Pattern[str], made: Callable[[re.Match[str]], str]) -> Places:
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for match in pattern.finditer(text):
        begins += range(at, match.start())
        ends += range(at + 1, match.start() + 1)
        for _ in made(match):
            begins.append(match.start())
            ends.append(match.end())
        at = match.end()
    begins += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return begins, ends


def _one_by_one(at: Sequence[int]) -> Places:
    return at, [index + 1 for index in at]


def _find_printable(decoded: tuple[str, Callable[[], Places]] | None) -> Iterator[Reading]:
    """Yield the printable stretches of a decoded text; nothing if nothing was encoded."""
    if decoded is None:
        return
    text, places = decoded
    for match in _PRINTED.finditer(text):
        yield Reading(match[0], partial(_part, places, *match.span()))


def _part(places: Callable[[], Places], begin: int, end: int) -> Places:
    begins, ends = places()
    return begins[begin:end], ends[begin:end]


def _of_base64(match: re.Match[str], offset: int) -> tuple[str, Callable[[], Places]] | None:
    piece = match[0][offset:].translate(_STANDARD)
    piece = piece[: len(piece) - (len(piece) % 4 == 1)]
    try:
        raw = base64.b64decode(piece + "=" * (-len(piece) % 4))
    except (ValueError, binascii.Error):
        return None
    first = match.start() + offset

    def places() -> Places:
        return [first + i * 8 // 6 for i in range(len(raw))], [
            first + (i * 8 + 7) // 6 + 1 for i in range(len(raw))
        ]

    return raw.decode("latin-1"), places


def _of_hex(match: re.Match[str], offset: int) -> tuple[str, Callable[[], Places]] | None:
    text = match[0]
    plain = text.isalnum() and "x" not in text
    at = (
        range(offset, len(text))
        if plain
        else [i for i, c in enumerate(text) if _is_digit(text, i, c)][offset:]
    )
    digits = text[offset:] if plain else "".join(text[i] for i in at)
    count = len(digits) // 2
    raw = bytes.fromhex(digits[: count * 2])

    def places() -> Places:
        first = match.start()
        return [first + at[2 * i] for i in range(count)], [first + at[2 * i + 1] + 1 for i in range(count)]

    return raw.decode("latin-1"), places


def _is_digit(text: str, index: int, char: str) -> bool:
    return char in "0123456789abcdefABCDEF" and text[index : index + 2] != "0x"


def _of_numbers(match: re.Match[str]) -> Reading:
    numbers = list(_NUMBER.finditer(match[0]))
    first = match.start()
    text = "".join(chr(int(n[0])) for n in numbers)
    return Reading(text, lambda: ([first + n.start() for n in numbers], [first + n.end() for n in numbers]))


# -- masked parts of a text


MASK = "[redacted]"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that is masked, and its replacement."""

    begin: int
    end: int
    mask: str


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, with overlapping ones merged: one that covers another keeps its own mask."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.begin, -s.end, s.mask == MASK, ", encoded]" in s.mask)):
        if not found or span.begin >= found[-1].end:
            found.append(span)
        elif span.end > found[-1].end:
            found[-1] = Span(found[-1].begin, span.end, MASK)
    return found


def replace_spans(text: str, spans: Iterable[Span]) -> str:
    """Return the text with each span replaced by its mask. The spans are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.begin], span.mask]
        at = span.end
    return "".join([*parts, text[at:]]) if parts else text
