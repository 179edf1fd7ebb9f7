"""Regular expressions: for languages that always match the whole text, and read for the simplest text that fits one."""

from __future__ import annotations

import re
from re import _constants, _parser  # private, but the only parser of patterns there is; tested
from typing import Any

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?<?[=!:]?|.", re.S)
_FOREIGN = re.compile(r"\\[bBpPkuxc1-9]|\(\?(?!:)")
ANY = r"[\s\S]*"
SIMPLE = "0aA" + "".join(map(chr, range(32, 127)))
"""Printable ASCII, the plainest of digits and letters first."""
MOST_SPELLED = 10_000
_CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d", _constants.CATEGORY_NOT_DIGIT: r"\D", _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S", _constants.CATEGORY_WORD: r"\w", _constants.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def whole(pattern: str) -> str | None:
    """The pattern so that it means the same whether it is searched for or must match the whole text.

    None where it uses what such languages lack: lookaround, backreferences, `\\b`, `\\p`, flags, anchors inside.
    """
    tokens = [m.group() for m in _TOKEN.finditer(pattern)]
    if any(_FOREIGN.match(t) for t in tokens) or "(?" in tokens:
        return None
    depth = 0
    top_choice = False
    for token in tokens:
        if token.startswith("("):
            depth += 1
        elif token == ")":
            depth -= 1
        elif token == "|" and depth == 0:
            top_choice = True
    starts, ends = tokens[:1] == ["^"], tokens[-1:] == ["$"]
    inside = tokens[1 if starts and not top_choice else 0 : -1 if ends and not top_choice else None]
    if "^" in inside or "$" in inside:
        return None
    if top_choice:
        return f"^{ANY}(?:{pattern}){ANY}$"
    if starts and ends:
        return pattern
    return ("^" if starts else f"^{ANY}") + "".join(inside) + ("$" if ends else f"{ANY}$")


class _TooLong(Exception):
    """The text would have more than MOST_SPELLED characters."""


def simplest(pattern: str) -> str:
    """A text with as little in it as the pattern allows; "" where that is nothing, or where reading it piece by piece finds none."""
    try:
        text = _spelled(_parser.parse(pattern))
    except (re.error, RecursionError, _TooLong):
        return ""
    return text if re.search(pattern, text) else ""


def _spelled(pieces: Any) -> str:
    return "".join(_piece(kind, value) for kind, value in pieces)


def _piece(kind: Any, value: Any) -> str:
    if kind is _constants.LITERAL:
        return chr(value)
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        return _repeated(_spelled(value[2]), int(value[0]))
    if kind is _constants.SUBPATTERN:
        return _spelled(value[3])
    if kind is _constants.BRANCH:
        return min((_spelled(branch) for branch in value[1]), key=len)
    if kind in (_constants.IN, _constants.NOT_LITERAL, _constants.ANY):
        return next((char for char in SIMPLE if _fits(kind, value, char)), "")
    return ""


def _repeated(text: str, times: int) -> str:
    if len(text) * times > MOST_SPELLED:
        raise _TooLong
    return text * times


def _fits(kind: Any, value: Any, char: str) -> bool:
    """Whether a character belongs to a class, as `re` itself sees it."""
    if kind is _constants.ANY:
        return True
    if kind is _constants.NOT_LITERAL:
        return bool(ord(char) != value)
    negated = value[0][0] is _constants.NEGATE
    return bool(negated != any(_in(op, what, char) for op, what in value[negated:]))


def _in(op: Any, what: Any, char: str) -> bool:
    if op is _constants.LITERAL:
        return bool(ord(char) == what)
    if op is _constants.RANGE:
        return bool(what[0] <= ord(char) <= what[1])
    return re.match(_CATEGORIES[what], char) is not None
