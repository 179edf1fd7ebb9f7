"""Numbers that are free again are given to the next item."""

from __future__ import annotations

from itertools import count
from typing import ClassVar

from harm.servers.base import NUMBER, Id, Items


class Case(Items):
    """The lowest free number is the next one; 3 is free from the start."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = (999, 12_345, 2**31 - 1, 2**53)

    def fill(self) -> None:
        super().fill()
        del self.tables["items"][3]

    def new_id(self) -> Id:
        return next(number for number in count(1) if number not in self.tables["items"])
