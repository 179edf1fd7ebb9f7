"""Reduce a description to its significant words, as a model would weigh them."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINING_WORDS = """
a an and any are as at be been both by can do does for from given has have if in into is it its itself just
may more of on one or out over own per s same so some such than that the their them then there these this
those to under up upon use used using via was were what when where which while who will with within would
"""
_JOINING = frozenset(_JOINING_WORDS.split())
_SAME = {
    word: group[0]
    for group in (
        ("get", "fetch", "retrieve", "read", "return", "look", "show", "obtain", "lookup", "view", "give"),
        ("create", "add", "make", "new", "insert", "register"),
        ("delete", "remove", "drop", "erase", "destroy"),
        ("update", "edit", "modify", "change", "alter", "set"),
        ("list", "all", "every", "each", "enumerate"),
        ("search", "find", "query"),
        ("start", "begin", "open"),
        ("end", "stop", "finish", "close", "terminate"),
        ("information", "info", "detail", "data"),
        ("id", "identifier"),
    )
    for word in group
}


def words(text: str) -> list[str]:
    """Return every word in lower case; `radius_km` and `radiusKm` are two words."""
    return _WORD.findall(_CAMEL.sub(" ", text).replace("_", " ").lower())


@lru_cache(maxsize=20_000)
def matter(text: str) -> frozenset[str]:
    """Return the significant words of a text: without function words, and with one word for all its
    synonyms.
    """
    return frozenset(
        _SAME.get(base, base) for base in (_base(w) for w in words(text)) if base not in _JOINING
    )


def _base(word: str) -> str:
    """Return the word without a plural's `s` and a possessive's `'s`."""
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
