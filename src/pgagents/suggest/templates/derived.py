"""Propose texts that are made from others: the beginning of a code, or an id inside a longer text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pgagents.base.cel.functions import HELPERS
from pgagents.suggest.candidate import Candidate, is_id, write_value
from pgagents.suggest.tables import SELF, Column, Table

MOST_TEXTS = 20
LONG, LEAST_PART = 6, 3
_HOST = re.compile(r"https?://[^/]+")
_OPAQUE = re.compile(r"\bpgv-|\"[^\"]*(?=[a-zA-Z_-]*\d)\w{8,}[^\"]*\"")
"""Matches constants with a part that looks like an id or a run's mark. Elsewhere they have other values."""
_upper, _first, _alnum = HELPERS["upper"], HELPERS["first"], HELPERS["alnum"]


def propose(table: Table) -> Iterator[Candidate]:
    """Yield equations between texts of the answer and other texts, and filters by a part of a text."""
    texts = [c for c in table.answered if c.kind == "text" and not c.choices][:MOST_TEXTS]
    for target in texts:
        lengths = {len(v) for v in target.there}
        joined = _join_all(table, target)
        for source in texts:
            if source is target or not source.there:
                continue
            if len(lengths) == 1 and (size := next(iter(lengths))) >= 3:
                yield _begins(table, target, source, size)
            if is_id(source) and min(map(len, source.there)) >= LONG and (source not in joined):
                yield _holds(table, target, source)
        yield from joined.values()
    if table.kind == "items":
        yield from _filters(table, texts)


def _join_all(table: Table, target: Column) -> dict[Column, Candidate]:
    """Return the text that each source always forms. An object's own texts are judged in its own table."""
    if table.kind != "object" and target.inside:
        return {}
    found = {}
    for source in _list_parts(table):
        candidate = _joined(table, target, source) if source is not target else None
        if candidate is not None:
            found[source] = candidate
    return found


def _list_parts(table: Table) -> list[Column]:
    """Return the texts that others may contain: those of the answer, and ids among the arguments."""
    return [
        c
        for c in table.of_root("response", SELF, "input")
        if c.kind == "text" and not c.choices and (c.root != "input" or c.refers) and len(c.distinct) > 1
    ][:MOST_TEXTS]


def _joined(table: Table, target: Column, source: Column) -> Candidate | None:
    """Return the law that a text consists of another one between two constants, such as a URL with an id."""
    pairs = [(t, s) for t, s in zip(target.values, source.values, strict=True) if _are_texts(t, s)]
    if not pairs or len(target.distinct) < 2:
        return None
    text, part = pairs[0]
    if len(part) < LEAST_PART or text == part or text.count(part) != 1:
        return None
    before, after = text.split(part)
    name = f"{target.last}-of-{source.last}"
    host = _HOST.match(before)
    told = before[host.end() :] if host else before
    pieces = [*_say(table, told), source.text, *_say(table, after)]
    if len(pieces) < 2 or _OPAQUE.search(" ".join(pieces)):
        return None
    whole = " + ".join(pieces)

    def test(t: str, s: str) -> bool:
        return t.endswith(f"{told}{s}{after}") if host else t == f"{before}{s}{after}"

    if not all(test(t, s) for t, s in pairs):
        return None
    that = f"{target.text}.endsWith({whole})" if host else f"{target.text} == {whole}"
    return _relate(table, name, that, target, source, test)


def _relate(
    table: Table, name: str, that: str, one: Column, other: Column, test: Callable[[Any, Any], bool]
) -> Candidate:
    """Return a law between two columns, which holds where `test` is true of their values."""
    return Candidate(table, "derived", name, that, (one, other), test, guardable=False)


def _are_texts(*values: Any) -> bool:
    return all(isinstance(v, str) for v in values)


def _say(table: Table, constant: str) -> list[str]:
    """Return a constant in CEL. If it begins with the only value of a column, the column replaces this part.

    Such a value, for instance the name of the only workspace in a run, is different elsewhere.
    """
    if not constant:
        return []
    for column in table.columns:
        if column.kind != "text" or len(column.distinct) != 1 or not column.required or column.choices:
            continue
        value = column.there[0]
        if len(value) >= LEAST_PART and constant.startswith(value):
            rest = constant[len(value) :]
            return [column.text, *([write_value(rest)] if rest else [])]
    return [write_value(constant)]


def _begins(table: Table, target: Column, source: Column, size: int) -> Candidate:
    that = f"{target.text} == upper(first(alnum({source.text}), {size}))"
    return _relate(
        table,
        target.last.replace("_", "-"),
        that,
        target,
        source,
        lambda t, s: t == _upper(_first(_alnum(s), size)),
    )


def _holds(table: Table, target: Column, source: Column) -> Candidate:
    return _relate(
        table,
        f"{target.last}-has-{source.last}",
        f"{target.text}.contains({source.text})",
        target,
        source,
        lambda t, s: t != s and s in t,
    )


def _filters(table: Table, texts: list[Column]) -> Iterator[Candidate]:
    """Yield filters: each item's text contains the argument, or each item's list contains all or one of its
    values.
    """
    for given in table.of_root("input"):
        if given.kind == "text" and not given.choices and not given.required:
            for target in texts:
                if target.root == SELF:
                    yield _relate(
                        table,
                        f"{given.last}-within",
                        f"upper({target.text}).contains(upper({given.text}))",
                        target,
                        given,
                        lambda t, g: g.upper() in t.upper(),
                    )
        if given.kind == "list" and not given.required:
            for target in texts + [c for c in table.answered if c.kind == "text" and c.choices]:
                yield _relate(
                    table,
                    f"{target.last}-among-{given.last}",
                    f"{target.text} in {given.text}",
                    target,
                    given,
                    lambda t, g: t in g,
                )
        for target in (c for c in table.answered if c.kind == "list"):
            if given.kind == "list":
                yield _relate(
                    table,
                    f"{given.last}-within",
                    f"{given.text}.all(x, x in {target.text})",
                    target,
                    given,
                    lambda t, g: all(x in t for x in g),
                )
            elif given.kind == "text":
                yield _relate(
                    table,
                    f"{given.last}-within",
                    f"{given.text} in {target.text}",
                    target,
                    given,
                    lambda t, g: g in t,
                )
