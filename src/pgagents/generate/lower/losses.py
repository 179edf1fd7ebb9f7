"""What a schema language could not say, in the order in which it was met."""

from __future__ import annotations

from typing import Any

from pgagents.generate.target import Loss, Went
from pgagents.source.source import Pointer
from pgagents.text.wording import short


class Losses:
    """The losses of one schema on its way into one dialect.

    `told` holds each once; `met` counts every one, also what was told before: whoever sees it grow knows that something
    got wider meanwhile.
    """

    def __init__(self) -> None:
        self.told: dict[Loss, None] = {}
        self.met = 0

    def add(self, origin: Pointer, keyword: str, value: Any, went: Went, detail: str = "") -> None:
        """Note that the keyword at `origin` is not said as it is written. A value that is a schema or a list of them is not shown."""
        self.met += 1
        says = keyword if isinstance(value, dict | list) and keyword != "enum" else f"{keyword} {short(value)}"
        self.told[Loss(origin, says, went, detail)] = None
