"""Propose filters: each item's text contains the argument, or its list contains all or one of the argument's
values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgagents.suggest.candidate import Candidate
from pgagents.suggest.tables import SELF, Column, Table

MOST_TEXTS = 20


def propose(table: Table) -> Iterator[Candidate]:
    """Yield the laws that each item fits an optional argument."""
    if table.kind != "items":
        return
    texts = [c for c in table.answered if c.kind == "text" and not c.choices][:MOST_TEXTS]
    for given in table.of_root("input"):
        if given.kind == "text" and not given.choices and not given.required:
            for target in texts:
                if target.root == SELF:
                    yield _filter(
                        table,
                        f"{given.last}-within",
                        f"upper({target.text}).contains(upper({given.text}))",
                        target,
                        given,
                        lambda t, g: g.upper() in t.upper(),
                    )
        if given.kind == "list" and not given.required:
            for target in texts + [c for c in table.answered if c.kind == "text" and c.choices]:
                yield _filter(
                    table,
                    f"{target.last}-among-{given.last}",
                    f"{target.text} in {given.text}",
                    target,
                    given,
                    lambda t, g: t in g,
                )
        for target in (c for c in table.answered if c.kind == "list"):
            if given.kind == "list":
                yield _filter(
                    table,
                    f"{given.last}-within",
                    f"{given.text}.all(x, x in {target.text})",
                    target,
                    given,
                    lambda t, g: all(x in t for x in g),
                )
            elif given.kind == "text":
                yield _filter(
                    table,
                    f"{given.last}-within",
                    f"{given.text} in {target.text}",
                    target,
                    given,
                    lambda t, g: g in t,
                )


def _filter(
    table: Table, name: str, that: str, target: Column, given: Column, test: Callable[[Any, Any], bool]
) -> Candidate:
    return Candidate(table, "filters", name, that, (target, given), test, guardable=False)
