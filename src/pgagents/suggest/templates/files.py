"""Propose that the answer has the size, the type or the hash of the sent file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.cel.functions import HELPERS
from pgagents.suggest.candidate import Candidate
from pgagents.suggest.tables import Table

_TOLD = {"file_size": "number", "file_type": "text", "sha256": "text"}


def propose(table: Table) -> Iterator[Candidate]:
    """Yield equations between a member of the answer and a file argument."""
    if table.kind != "action":
        return
    for given in table.of_root("input"):
        if given.schema.get("format") != "binary" and given.kind != "text":
            continue
        for helper, kind in _TOLD.items():
            for target in table.of_root("response"):
                if target.kind != kind or (target.choices and helper != "file_type"):
                    continue

                def test(told: Any, file: Any, helper: str = helper) -> bool:
                    return bool(told == HELPERS[helper](file))

                yield Candidate(
                    table,
                    "derived",
                    f"{target.last}-of-{given.last}",
                    f"{target.text} == {helper}({given.text})",
                    (target, given),
                    test,
                    guardable=False,
                )
