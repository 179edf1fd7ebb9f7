"""Collect the constraints that a schema dialect cannot express, in the order they are found."""

from __future__ import annotations

from typing import Any

from pgagents.generate.target import Loss, Went
from pgagents.source.source import Pointer
from pgagents.text.wording import short


class Losses:
    """The losses of translating one schema into one dialect.

    `told` has each distinct loss once. `met` counts all of them, so that a caller can see that a part was
    widened.
    """

    def __init__(self) -> None:
        self.told: dict[Loss, None] = {}
        self.met = 0

    def add(self, origin: Pointer, keyword: str, value: Any, went: Went, detail: str = "") -> None:
        """Record that the keyword at `origin` cannot be written as it is. A value that is a schema is not
        shown.
        """
        self.met += 1
        says = (
            keyword if isinstance(value, dict | list) and keyword != "enum" else f"{keyword} {short(value)}"
        )
        self.told[Loss(origin, says, went, detail)] = None
