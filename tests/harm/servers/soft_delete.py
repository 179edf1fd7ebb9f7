"""Removed notes stay readable, marked as deleted."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """A removal answers the item with `deleted: true`; the list shows it no longer."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(title=call.body["title"], deleted=False)}

    def fill(self) -> None:
        super().fill()
        for number, row in enumerate(self.tables["items"].values()):
            row["deleted"] = number == 3

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        row = self.find("items", call.path["item_id"])
        row["deleted"] = True
        return 200, {"item": row}
