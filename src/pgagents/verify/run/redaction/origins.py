"""Decide who named a value first, the run itself or the server. Reports may show the run's own values."""

from __future__ import annotations

import re
from functools import lru_cache

from pgagents.verify.run.redaction.needles import lower_text

MAX_VALUES = 20_000
"""The most values that are remembered of each kind. Beyond it, the older half is forgotten.

A forgotten value counts as the server's.
"""
LONGEST = 200
"""The length in characters above which a value is not compared with others that it may resemble."""
_SEPARATORS = re.compile(r"[-_ .]")
_WORD = re.compile(r"[\w.@+-]+")
_PART = re.compile(r"\w+")


class Origins:
    """Values in the order in which they first occurred in a request or an answer.

    `catalogue` is the catalogue's text. Values in it are no secret to a reader of the catalogue.
    """

    def __init__(self, catalogue: str = "") -> None:
        self._catalogue = catalogue
        self._sent: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._near: dict[str, int] = {}
        self._unread: list[tuple[str, int]] = []
        self._count = 0

    def add_sent(self, value: str) -> None:
        """Note that the run sent this value."""
        if value not in self._sent:
            self._count += 1
            self._sent[value] = self._count
            if len(self._sent) > MAX_VALUES:
                _forget_half(self._sent)

    def add_received(self, value: str) -> bool:
        """Note a value from the server or the environment; return whether it is new."""
        if value in self._told:
            return False
        self._count += 1
        self._told[value] = self._count
        self._unread.append((value, self._count))
        if len(self._told) > MAX_VALUES:
            _forget_half(self._told)
            self._near.clear()
            self._unread = list(self._told.items())
        return True

    def own(self, value: str) -> bool:
        """True if the run made this value up, or if the catalogue contains it.

        A value that resembles an earlier one of the server was made from it, so it is not the run's own.
        """
        if self.public(value):
            return True
        first = self._sent.get(value)
        if first is None or self._told.get(value, first) < first:
            return False
        for word, number in self._unread:
            for form in _alike(word):
                self._near.setdefault(form, number)
        self._unread.clear()
        return not any(self._near.get(form, first) < first for form in _alike(value))

    def public(self, value: str) -> bool:
        """True if the value is a word of the catalogue."""
        return value in _list_words(self._catalogue)


@lru_cache(maxsize=4)
def _list_words(text: str) -> frozenset[str]:
    words = set(_WORD.findall(text))
    return frozenset(words | {w.strip(".+-") for w in words} | set(_PART.findall(text)))


def _alike(value: str) -> set[str]:
    """Return forms of a text; two texts share one if they differ in case, separators or a single
    character.
    """
    plain = _SEPARATORS.sub("", lower_text(value))
    cut = (
        {f"{plain[:i]}{plain[i + 1 :]}" for i in range(len(plain))} if len(plain) <= LONGEST else {plain[:-1]}
    )
    return {plain, *cut} - {""}


def _forget_half(values: dict[str, int]) -> None:
    for value in list(values)[: len(values) // 2]:
        del values[value]
