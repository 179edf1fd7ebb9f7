"""Texts made of others: the beginning of a code, and an id inside a longer text."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.cel.expression import HELPERS
from pgagents.suggest.candidate import Candidate
from pgagents.suggest.columns import SELF, Column
from pgagents.suggest.tables import Table
from pgagents.suggest.templates._names import is_id

MOST_TEXTS = 20
LONG = 6
_upper, _first, _alnum = HELPERS["upper"], HELPERS["first"], HELPERS["alnum"]


def propose(table: Table) -> Iterator[Candidate]:
    """Yield equations of a text of the answer and another text, and the filters that its text holds."""
    texts = [c for c in table.answered if c.kind == "text" and not c.choices][:MOST_TEXTS]
    for target in texts:
        lengths = {len(v) for v in target.there}
        for source in texts:
            if source is target or not source.there:
                continue
            if len(lengths) == 1 and (size := next(iter(lengths))) >= 3:
                yield _begins(table, target, source, size)
            if is_id(source) and min(map(len, source.there)) >= LONG:
                yield _holds(table, target, source)
    if table.kind == "items":
        yield from _filters(table, texts)


def _begins(table: Table, target: Column, source: Column, size: int) -> Candidate:
    that = f"{target.text} == upper(first(alnum({source.text}), {size}))"
    return Candidate(
        table,
        "derived",
        target.last.replace("_", "-"),
        that,
        (target, source),
        lambda t, s: t == _upper(_first(_alnum(s), size)),
        guardable=False,
    )


def _holds(table: Table, target: Column, source: Column) -> Candidate:
    return Candidate(
        table,
        "derived",
        f"{target.last}-has-{source.last}",
        f"{target.text}.contains({source.text})",
        (target, source),
        lambda t, s: t != s and s in t,
        guardable=False,
    )


def _filters(table: Table, texts: list[Column]) -> Iterator[Candidate]:
    """Yield that each item's text holds the argument, and each item's list all or one of its values."""
    for given in table.of_root("input"):
        if given.kind == "text" and not given.choices and not given.required:
            for target in texts:
                if target.root == SELF:
                    yield Candidate(
                        table,
                        "derived",
                        f"{given.last}-within",
                        f"upper({target.text}).contains(upper({given.text}))",
                        (target, given),
                        lambda t, g: g.upper() in t.upper(),
                        guardable=False,
                    )
        if given.kind == "list" and not given.required:
            for target in texts + [c for c in table.answered if c.kind == "text" and c.choices]:
                yield Candidate(
                    table,
                    "derived",
                    f"{target.last}-among-{given.last}",
                    f"{target.text} in {given.text}",
                    (target, given),
                    lambda t, g: t in g,
                    guardable=False,
                )
        for target in (c for c in table.answered if c.kind == "list"):
            if given.kind == "list":
                yield Candidate(
                    table,
                    "derived",
                    f"{given.last}-within",
                    f"{given.text}.all(x, x in {target.text})",
                    (target, given),
                    lambda t, g: all(x in t for x in g),
                    guardable=False,
                )
            elif given.kind == "text":
                yield Candidate(
                    table,
                    "derived",
                    f"{given.last}-within",
                    f"{given.text} in {target.text}",
                    (target, given),
                    lambda t, g: g in t,
                    guardable=False,
                )
