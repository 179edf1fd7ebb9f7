"""Removals of many: by a list of ids, and by a filter, without which everything goes."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, TITLES, Call, Items, route

STATUS = {"type": "string", "enum": ["new", "old"]}
IDS = {"type": "array", "items": {"type": "string"}, "minItems": 0, "maxItems": 50}


class Case(Items):
    """Ids that do not exist are passed over."""

    def fill(self) -> None:
        self.tables["items"] = {}
        for number, title in enumerate(TITLES):
            self.add(title=title, status=("new", "old")[number % 2])

    @route("POST /items", body={"title": TITLE, "status": STATUS})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(**call.body)}

    @route("POST /items/delete", body={"ids": IDS}, required=())
    def remove_items(self, call: Call) -> Any:
        rows = self.tables["items"]
        gone = [id for id in list(rows) if "ids" not in call.body or id in call.body["ids"]]
        for id in gone:
            del rows[id]
        return 200, {"removed": len(gone)}

    @route("DELETE /items", query={"status": STATUS})
    def clear_items(self, call: Call) -> Any:
        rows = self.tables["items"]
        gone = [id for id, row in rows.items() if call.query.get("status", row["status"]) == row["status"]]
        for id in gone:
            del rows[id]
        return 200, {"removed": len(gone)}
