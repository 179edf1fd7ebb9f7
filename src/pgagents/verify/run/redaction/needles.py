"""Search texts for many secrets at once: for parts of long ones, and for a person's data as whole words.

The time for a text hardly grows with the number of secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
            windows = {w for several in self._windows.values() for w in several}
        for window in windows:
            self._samples.update(window[i : i + size] for i in range(len(window) - size + 1))

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
