"""GETs that change something."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """One takes the first item of the list away, the other counts how often an item was opened."""

    def fill(self) -> None:
        super().fill()
        for row in self.tables["items"].values():
            row["opened"] = 0

    def add(self, **members: Any) -> dict[str, Any]:
        return super().add(**members, opened=0)

    @route("GET /queue/next")
    def take_next(self, _call: Call) -> Any:
        rows = self.tables["items"]
        return 200, {"item": rows.pop(next(iter(rows))) if rows else None}

    @route("GET /items/{item_id}/open")
    def open_item(self, call: Call) -> Any:
        row = self.find("items", call.path["item_id"])
        row["opened"] += 1
        return 200, {"item": row}
