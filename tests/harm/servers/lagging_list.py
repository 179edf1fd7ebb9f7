"""A list that is behind: what was made or removed shows in it only some calls later."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Items, Row

BEHIND = 6


class Case(Items):
    """The list is as it was some calls ago; a read of one item is right at once."""

    def __init__(self, seed: int = 0) -> None:
        self.past: list[list[Row]] = []
        super().__init__(seed)

    def tick(self) -> None:
        self.past = [*self.past[-BEHIND:], [dict(row) for row in self.tables["items"].values()]]

    def shown(self) -> list[Any]:
        return self.past[0]
