"""Regular expressions: for languages that always match the whole text, and read for the simplest text that fits one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from re import _constants, _parser  # private, but the only parser of patterns there is; tested
from typing import Any

from pgagents.jsonschema.schema import finder

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
    return text if fits(pattern, text) else ""


def fits(pattern: str, text: str) -> bool:
    """Whether the text has what the pattern searches for; no text fits a pattern that the bounded engine does not take."""
    try:
        return finder(pattern)(text)
    except ValueError:
        return False


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


MOST_LOOSE = 3
"""So many repeated pieces in a row may take the same characters: the time for a text grows with its length to that power."""
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_WIDE = frozenset(map(chr, range(256)))


def steady(pattern: str) -> bool:
    """Whether Python's own `re` surely answers soon for any text: some generators of texts have no other engine.

    Refused are repeats inside repeats, unless a character that only begins or only ends each turn keeps the turns apart, and many
    repeats in a row that take the same characters.
    """
    try:
        _loose(_parser.parse(pattern), 0, frozenset(), MOST_LOOSE)
    except (re.error, RecursionError, OverflowError, _Unsteady):
        return False
    return True


class _Unsteady(Exception):
    """A repeat inside a repeat may be taken apart in many ways."""


def _loose(pieces: Any, count: int, taken: frozenset[str], limit: int) -> tuple[int, frozenset[str]]:
    """How many repeats in a row take the same characters, and which characters those are, after these pieces."""
    for kind, value in pieces:
        if kind in _REPEATS:
            least, most, body = value
            if most > 1 and any(map(_varies, body)) and not _are_separate(body):
                raise _Unsteady
            if most == 1 and limit > 1:  # what may be left out once is no repeat, but where it stands inside one
                count, taken = _loose(body, count, taken, limit)
            else:
                count, taken = count + (least != most), taken | _chars(body)
        elif kind is _constants.BRANCH:
            after = [_loose(branch, count, taken, limit) for branch in value[1]]
            count, taken = max(n for n, _ in after), frozenset().union(*(chars for _, chars in after))
        elif kind in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT, _constants.ATOMIC_GROUP):
            count, taken = _loose(_inner(kind, value), count, taken, limit)
        elif kind is _constants.GROUPREF:
            count, taken = count + 1, _WIDE
        elif kind is not _constants.AT and not _chars([(kind, value)]) & taken:
            count, taken = 0, frozenset()
        if count > limit:
            raise _Unsteady
    return count, taken


def _inner(kind: Any, value: Any) -> Any:
    return value[3] if kind is _constants.SUBPATTERN else value if kind is _constants.ATOMIC_GROUP else value[1]


def _varies(piece: Any) -> bool:
    """Whether a piece may match in more than one way at one place."""
    kind, value = piece
    if kind in _REPEATS:
        return bool(value[0] != value[1]) or any(map(_varies, value[2]))
    if kind in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT, _constants.ATOMIC_GROUP):
        return any(map(_varies, _inner(kind, value)))
    return kind in (_constants.BRANCH, _constants.GROUPREF, _constants.GROUPREF_EXISTS)


def _are_separate(body: Any) -> bool:
    """Whether the first or the last character of a turn can stand nowhere else in it."""
    pieces = list(body)
    while len(pieces) == 1 and pieces[0][0] is _constants.SUBPATTERN:
        pieces = list(pieces[0][1][3])
    if len(pieces) < 2 or not all(map(_one_way, pieces)):
        return False
    _loose(pieces, 0, frozenset(), 1)
    ends = ((pieces[0], pieces[1:]), (pieces[-1], pieces[:-1]))
    return any(not _varies(end) and not _chars([end]) & _chars(rest) for end, rest in ends)


def _one_way(piece: Any) -> bool:
    """Whether no choice in a piece can be made in two ways: each alternative begins with another character."""
    kind, value = piece
    if kind in _REPEATS:
        return all(map(_one_way, value[2]))
    if kind in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
        return all(map(_one_way, _inner(kind, value)))
    if kind is not _constants.BRANCH:
        return kind not in (_constants.GROUPREF, _constants.GROUPREF_EXISTS)
    first = [_chars(branch[:1]) for branch in value[1]]
    return all(first) and len(frozenset().union(*first)) == sum(map(len, first)) and not any(map(_varies, chain(*value[1])))


def _chars(pieces: Any) -> frozenset[str]:
    """The characters up to U+00FF that pieces may take."""
    return frozenset().union(*map(frozenset, _each(pieces)))


def _each(pieces: Any) -> Iterator[frozenset[str]]:
    for kind, value in pieces:
        if kind is _constants.LITERAL:
            yield frozenset((chr(value),))
        elif kind in (_constants.IN, _constants.NOT_LITERAL, _constants.ANY):
            yield frozenset(char for char in _WIDE if _fits(kind, value, char))
        elif kind in _REPEATS:
            yield _chars(value[2])
        elif kind is _constants.BRANCH:
            yield from (_chars(branch) for branch in value[1])
        elif kind in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT, _constants.ATOMIC_GROUP):
            yield _chars(_inner(kind, value))
        elif kind is not _constants.AT:
            yield _WIDE
