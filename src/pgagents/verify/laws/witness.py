"""Explain why a law does not hold: the pair or item that breaks it, and the value of each side of a
comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pgagents.cel import expression
from pgagents.cel.expression import ExpressionError, Scope
from pgagents.model.action import Law
from pgagents.verify.laws.equations import split
from pgagents.verify.wire.exchange import got

MAX_ITEMS = 2_000
MAX_VALUES = 6
MAX_CHARS = 400
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
_OF_LIST = re.compile(r'(sorted_by|sorted_down_by|unique_by)\(\s*(.*?)\s*,\s*"([\w.]*)"\s*\)', re.S)
_MACRO = re.compile(r"(.+?)\.(all|exists|exists_one)\(\s*([A-Za-z_]\w*)\s*,(.*)\)", re.S)
_NEAR = re.compile(r"near\((.*)\)", re.S)
_PLAIN = re.compile(r"[A-Za-z_][\w.]*")
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'|-?[0-9.]+|true|false|null")


def witness(law: Law, scope: Scope) -> str:
    """Describe what shows that a law does not hold; empty if it cannot be said in a few words."""
    try:
        said = _describe_broken(" ".join(law.that.text.split()), scope.values)
    except (ExpressionError, RecursionError):
        said = ""
    return said[:MAX_CHARS] or _read(law.that.text, scope.values)


def _describe_broken(text: str, values: Mapping[str, Any]) -> str:
    """Describe the first part of an expression that does not hold; empty if none can be described."""
    text = _bare(text)
    asked = split(text, "?")
    if len(asked) > 1:
        then = split("?".join(asked[1:]), ":")
        return _describe_broken(then[0] if _holds(asked[0], values) else ":".join(then[1:]), values)
    parts = split(text, "&&")
    if len(parts) > 1:
        return next((_describe_broken(part, values) for part in parts if not _holds(part, values)), "")
    if len(split(text, "||")) > 1:
        return ""
    return next((said for read in (_pair, _item, _sides) if (said := read(text, values))), "")


def _bare(text: str) -> str:
    """Return the text without brackets around all of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _closes(text):
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> bool:
    """True if the last character closes the first bracket."""
    depth = 0
    for index, char in enumerate(re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: "_" * len(m[0]), text)):
        depth += (char in "([{") - (char in ")]}")
        if not depth:
            return index == len(text) - 1
    return False


def _pair(text: str, values: Mapping[str, Any]) -> str:
    """Describe the two items of a list that are out of order or equal."""
    match = _OF_LIST.fullmatch(text)
    if match is None:
        return ""
    what, of, member = match.groups()
    items = _value(of, values)
    if not isinstance(items, list):
        return f"{of} is no list"
    keys = [got(item, member) if member else item for item in items[:MAX_ITEMS]]
    name = of if _PLAIN.fullmatch(of) else "items"
    first = next(_wrong_pairs(what, keys), None)
    if first is None:
        return ""
    one, two = first
    dot = f".{member}" if member else ""
    return (
        f"{name}[{one}]{dot} is {_format_value(keys[one])}, and {name}[{two}]{dot} is "
        f"{_format_value(keys[two])}"
    )


def _wrong_pairs(what: str, keys: list[Any]) -> Iterator[tuple[int, int]]:
    if what == "unique_by":
        met: dict[str, int] = {}
        for index, key in enumerate(keys):
            if (first := met.setdefault(repr(key), index)) != index:
                yield first, index
        return
    for index, (one, two) in enumerate(pairwise(keys)):
        try:
            ordered = one <= two if what == "sorted_by" else one >= two
        except TypeError:
            ordered = False
        if not ordered:
            yield index, index + 1


def _item(text: str, values: Mapping[str, Any]) -> str:
    """Describe the first item of a list that breaks a condition on all of them."""
    match = _MACRO.fullmatch(text)
    if match is None or not _closes(text[match.end(2) :]):
        return ""
    of, kind, name, condition = match.groups()
    items = _value(of, values)
    if not isinstance(items, list):
        return ""
    if kind != "all":
        return (
            f"it holds of {'none' if kind == 'exists' else 'none or several'} of the {len(items)} items "
            f"of {of}"
        )
    for index, item in enumerate(items[:MAX_ITEMS]):
        inner = {**values, name: item}
        if not _holds(condition, inner):
            where = f"{of}[{index}]"
            said = _describe_broken(condition, inner) or _read(condition, inner)
            return f"{where}: {said}" if said else f"it does not hold of {where}"
    return ""


def _sides(text: str, values: Mapping[str, Any]) -> str:
    """Describe the values read and both sides of a comparison; empty if the text is none."""
    near = _NEAR.fullmatch(text)
    sides = (
        split(near[1], ",")[:2]
        if near
        else next((s for sign in _OPERATORS if len(s := split(text, sign)) == 2), [])
    )
    if len(sides) != 2:
        return ""
    read = _read(text, values)
    come = [
        f"{side.strip()} is {_format_value(_value(side, values))}" for side in sides if not _is_plain(side)
    ]
    return "; ".join(part for part in (read, " and ".join(come)) if part)


def _is_plain(side: str) -> bool:
    """True if a side needs no computing: it is a path or a literal."""
    return bool(_PLAIN.fullmatch(side.strip()) or _LITERAL.fullmatch(side.strip()))


def _read(text: str, values: Mapping[str, Any]) -> str:
    """Return the values that an expression reads, each shortened."""
    names = "|".join(map(re.escape, values))
    found = []
    for path in dict.fromkeys(
        m[0] for m in re.finditer(rf"(?<![\w.\"])(?:{names})(?:\.\w+)+(?!\w|\()", text)
    ):
        value = got(values, path)
        if value is not None and not isinstance(value, dict | list):
            found.append(f"{path} = {str(value)[:60]}")
    return ", ".join(found[:MAX_VALUES])


def _value(text: str, values: Mapping[str, Any]) -> Any:
    return Scope(values).evaluate(expression.compile(text.strip(), values))


def _holds(text: str, values: Mapping[str, Any]) -> bool:
    return Scope(values).holds(expression.compile(text.strip(), values))


def _format_value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
