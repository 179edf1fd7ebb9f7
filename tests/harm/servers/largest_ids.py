"""The next number is one more than the largest: that of a removed last row is given again."""

from __future__ import annotations

from typing import ClassVar

from harm.servers.base import NUMBER, Id, Items


class Case(Items):
    """Numbers as SQLite gives them to a table without AUTOINCREMENT."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = ()

    def new_id(self) -> Id:
        return 1 + max((int(id) for id in self.tables["items"]), default=0)
