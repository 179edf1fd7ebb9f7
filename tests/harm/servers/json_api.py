"""Items as JSON:API shows them: the members of one stand under `attributes`."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, Row, route


def shown(row: Row) -> Row:
    """An item as the API shows it."""
    return {"id": row["id"], "attributes": {"title": row["title"]}}


class Case(Items):
    """An answer has one item, or all of them, under `data`."""

    @route("GET /items")
    def list_items(self, _call: Call) -> Any:
        return 200, {"data": [shown(row) for row in self.shown()]}

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, {"data": shown(self.add(title=call.body["title"]))}

    @route("GET /items/{item_id}")
    def get_item(self, call: Call) -> Any:
        return 200, {"data": shown(self.find("items", call.path["item_id"]))}
