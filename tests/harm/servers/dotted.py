"""Items whose id stands inside another member."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, Row, route


def shown(row: Row) -> Row:
    """An item as the API shows it."""
    return {"meta": {"id": row["id"]}, "title": row["title"]}


class Case(Items):
    """`meta.id` is the id."""

    @route("GET /items")
    def list_items(self, _call: Call) -> Any:
        return 200, {"items": [shown(row) for row in self.shown()]}

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": shown(self.add(title=call.body["title"]))}

    @route("GET /items/{item_id}")
    def get_item(self, call: Call) -> Any:
        return 200, {"item": shown(self.find("items", call.path["item_id"]))}
