"""Analyse regular expressions: anchor them, find a simple matching text, detect slow ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from re import _constants, _parser
from typing import Any

from pgagents.base.jsonschema.schema import finder

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?<?[=!:]?|.", re.S)
_FOREIGN = re.compile(r"\\[bBpPkuxc1-9]|\(\?(?!:)")
_ESCAPE = re.compile(r"\\.", re.S)
ANY = r"[\s\S]*"
SIMPLE = "0aA" + "".join(map(chr, range(32, 127)))
"""Printable ASCII, with plain digits and letters first."""
MOST_SPELLED = 10_000
MOST_ALTERNATIVES = 6
MORE = "0"
"""A character beyond the text of an alternative."""
_CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d", _constants.CATEGORY_NOT_DIGIT: r"\D", _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S", _constants.CATEGORY_WORD: r"\w",
    _constants.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def whole(pattern: str) -> str | None:
    """Rewrite a pattern so that searching for it and matching a whole text give the same result.

    None for a pattern with features that the target languages lack: lookaround, backreferences, `\\b`, `\\p`,
    flags, anchors inside.
    """
    tokens = [m.group() for m in _TOKEN.finditer(pattern)]
    escapes = [m.group() for t in tokens for m in _ESCAPE.finditer(t)]
    if any(_FOREIGN.match(t) for t in (*tokens, *escapes)) or "(?" in tokens:
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
    """The text would be longer than MOST_SPELLED characters."""


def simplest(pattern: str) -> str:
    """Return a short text that matches the pattern.

    Empty if the shortest text is empty, or if composing the pattern's pieces gives no matching text.
    """
    try:
        text = _spell(_parser.parse(pattern))
    except (re.error, RecursionError, _TooLong):
        return ""
    return text if fits(pattern, text) else ""


def list_alternatives(pattern: str) -> tuple[str, ...]:
    """Return a short matching text for each alternative of a pattern; empty without alternatives.

    The alternatives are those of the whole pattern, at most MOST_ALTERNATIVES. Where `^a$|b` anchors one of
    them and leaves another open, longer texts match too, and such texts follow: `0b` and `b0`.
    """
    try:
        pieces = _unwrap(list(_parser.parse(pattern)))
        choices = [branch for kind, value in pieces if kind is _constants.BRANCH for branch in value[1]]
        if sum(kind is _constants.BRANCH for kind, _ in pieces) != 1:
            return ()
        texts = [_spell_with(pieces, branch) for branch in choices[:MOST_ALTERNATIVES]]
    except (re.error, RecursionError, _TooLong):
        return ()
    fitting = [text for text in dict.fromkeys(texts) if fits(pattern, text)]
    return tuple(dict.fromkeys((*fitting, *_list_longer(pattern, fitting))))


def _unwrap(pieces: list[Any]) -> list[Any]:
    """Return the pieces inside a group that is the whole pattern but for its anchors."""
    inner = [value for kind, value in pieces if kind is not _constants.AT]
    single = len(inner) == 1 and any(kind is _constants.SUBPATTERN for kind, _ in pieces)
    return _unwrap(list(inner[0][3])) if single else pieces


def _spell_with(pieces: list[Any], branch: Any) -> str:
    """Return the text of pieces, of whose one choice this branch is taken."""
    chosen = (branch if kind is _constants.BRANCH else [(kind, value)] for kind, value in pieces)
    return "".join(map(_spell, chosen))


def _list_longer(pattern: str, texts: list[str]) -> Iterator[str]:
    """Yield longer texts for the alternatives that are open at an end where another one is anchored."""
    for longer in ([MORE + text for text in texts], [text + MORE for text in texts]):
        open_ones = [text for text in longer if fits(pattern, text)]
        yield from open_ones if len(open_ones) < len(texts) else ()


def fits(pattern: str, text: str) -> bool:
    """True if the pattern is found in the text. False for a pattern that the linear-time engine refuses."""
    try:
        return finder(pattern)(text)
    except ValueError:
        return False


def _spell(pieces: Any) -> str:
    return "".join(_piece(kind, value) for kind, value in pieces)


def _piece(kind: Any, value: Any) -> str:
    if kind is _constants.LITERAL:
        return chr(value)
    if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        return _repeat(_spell(value[2]), int(value[0]))
    if kind is _constants.SUBPATTERN:
        return _spell(value[3])
    if kind is _constants.BRANCH:
        return min((_spell(branch) for branch in value[1]), key=len)
    if kind in (_constants.IN, _constants.NOT_LITERAL, _constants.ANY):
        return next((char for char in SIMPLE if _fits(kind, value, char)), "")
    return ""


def _repeat(text: str, times: int) -> str:
    if len(text) * times > MOST_SPELLED:
        raise _TooLong
    return text * times


def _fits(kind: Any, value: Any, char: str) -> bool:
    """True if a character belongs to a character class, as `re` defines it."""
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
"""Most consecutive repeats that may match the same characters.

Matching time grows with the text's length to this power.
"""
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_WIDE = frozenset(map(chr, range(256)))


def steady(pattern: str) -> bool:
    """True if Python's own `re` is certain to be fast for any text. Some text generators have no other
    engine.

    Nested repeats are refused, and so are many consecutive repeats of the same characters. A nested repeat is
    allowed if a character that occurs only first or only last separates the repetitions.
    """
    try:
        _loose(_parser.parse(pattern), 0, frozenset(), MOST_LOOSE)
    except (re.error, RecursionError, OverflowError, _Unsteady):
        return False
    return True


class _Unsteady(Exception):
    """The pattern may backtrack for too long: a repeat inside a repeat, or too many consecutive repeats."""


def _loose(pieces: Any, count: int, taken: frozenset[str], limit: int) -> tuple[int, frozenset[str]]:
    """Return the number of consecutive repeats of the same characters after these pieces, and the characters.

    Raises _Unsteady for a repeat inside a repeat, or for more than `limit` in a row.
    """
    for kind, value in pieces:
        if kind in _REPEATS:
            least, most, body = value
            if most > 1 and any(map(_varies, body)) and not _are_separate(body):
                raise _Unsteady
            if most == 1 and limit > 1:  # an optional piece counts as a repeat only inside another repeat
                count, taken = _loose(body, count, taken, limit)
            else:
                count, taken = count + (least != most), taken | _chars(body)
        elif kind is _constants.BRANCH:
            after = [_loose(branch, count, taken, limit) for branch in value[1]]
            count, taken = max(n for n, _ in after), frozenset().union(*(chars for _, chars in after))
        elif kind in (
            _constants.SUBPATTERN,
            _constants.ASSERT,
            _constants.ASSERT_NOT,
            _constants.ATOMIC_GROUP,
        ):
            count, taken = _loose(_inner(kind, value), count, taken, limit)
        elif kind is _constants.GROUPREF:
            count, taken = count + 1, _WIDE
        elif kind is not _constants.AT and not _chars([(kind, value)]) & taken:
            count, taken = 0, frozenset()
        if count > limit:
            raise _Unsteady
    return count, taken


def _inner(kind: Any, value: Any) -> Any:
    return (
        value[3] if kind is _constants.SUBPATTERN else value if kind is _constants.ATOMIC_GROUP else value[1]
    )


def _varies(piece: Any) -> bool:
    """True if a piece can match in several ways at the same position."""
    kind, value = piece
    if kind in _REPEATS:
        return bool(value[0] != value[1]) or any(map(_varies, value[2]))
    if kind in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT, _constants.ATOMIC_GROUP):
        return any(map(_varies, _inner(kind, value)))
    return kind in (_constants.BRANCH, _constants.GROUPREF, _constants.GROUPREF_EXISTS)


def _are_separate(body: Any) -> bool:
    """True if the first or the last character of a repetition can occur nowhere else in it."""
    pieces = list(body)
    while len(pieces) == 1 and pieces[0][0] is _constants.SUBPATTERN:
        pieces = list(pieces[0][1][3])
    if len(pieces) < 2 or not all(map(_one_way, pieces)):
        return False
    _loose(pieces, 0, frozenset(), 1)
    ends = ((pieces[0], pieces[1:]), (pieces[-1], pieces[:-1]))
    return any(not _varies(end) and not _chars([end]) & _chars(rest) for end, rest in ends)


def _one_way(piece: Any) -> bool:
    """True if the first character decides every choice in a piece.

    The alternatives must begin with different characters, and none of them may vary.
    """
    kind, value = piece
    if kind in _REPEATS:
        return all(map(_one_way, value[2]))
    if kind in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
        return all(map(_one_way, _inner(kind, value)))
    if kind is not _constants.BRANCH:
        return kind not in (_constants.GROUPREF, _constants.GROUPREF_EXISTS)
    first = [_chars(branch[:1]) for branch in value[1]]
    return (
        all(first)
        and len(frozenset().union(*first)) == sum(map(len, first))
        and not any(map(_varies, chain(*value[1])))
    )


def _chars(pieces: Any) -> frozenset[str]:
    """Return the characters up to U+00FF that the pieces may match."""
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
        elif kind in (
            _constants.SUBPATTERN,
            _constants.ASSERT,
            _constants.ASSERT_NOT,
            _constants.ATOMIC_GROUP,
        ):
            yield _chars(_inner(kind, value))
        elif kind is not _constants.AT:
            yield _WIDE
