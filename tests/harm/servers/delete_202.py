"""A removal is accepted, and happens later."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Id, Items, Row, route

LATER_S = 2.0


class Case(Items):
    """A removal answers 202; until it happens the item is there as before."""

    def __init__(self, seed: int = 0) -> None:
        self.due: dict[Id, float] = {}
        super().__init__(seed)

    def tick(self) -> None:
        for id in [id for id, at in self.due.items() if at <= self.now]:
            del self.due[id]
            self.tables["items"].pop(id, None)

    def remains(self, row: Row) -> bool:
        return row["id"] not in self.due

    def _bytes(self, table: str, row: Row) -> bytes:
        going = b" and goes" if row["id"] in self.due else b""
        return super()._bytes(table, row) + going

    def shown(self) -> list[Row]:
        return list(self.tables["items"].values())

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        self.due.setdefault(call.path["item_id"], self.now + LATER_S)
        return 202, None
