"""Two customers, neither of whom sees the other's items."""

from __future__ import annotations

from typing import Any

from harm.servers.base import MISSING, TITLE, TITLES, Call, Items, Row, route


class Case(Items):
    """Each item belongs to the customer who added it."""

    def fill(self) -> None:
        self.tables["items"] = {}
        self.of: dict[Any, str] = {}
        for number, title in enumerate(TITLES):
            self.of[self.add(title=title)["id"]] = ("main", "second")[number % 2]

    def own(self, call: Call) -> Row:
        row = self.find("items", call.path["item_id"])
        if self.of[row["id"]] != call.project:
            raise MISSING
        return row

    @route("GET /items")
    def list_items(self, call: Call) -> Any:
        return 200, {"items": [row for row in self.shown() if self.of[row["id"]] == call.project]}

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        row = self.add(title=call.body["title"])
        self.of[row["id"]] = call.project
        return 201, {"item": row}

    @route("GET /items/{item_id}")
    def get_item(self, call: Call) -> Any:
        return 200, {"item": self.own(call)}

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        del self.tables["items"][self.own(call)["id"]]
        return 204, None
