"""Bodies without an envelope: an item is the whole body, and a list is an array."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """A server whose objects and lists stand bare, where the others wrap them in `item` and `items`."""

    @route("GET /items")
    def list_items(self, _call: Call) -> Any:
        return 200, self.shown()

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, self.add(title=call.body["title"])

    @route("GET /items/{item_id}")
    def get_item(self, call: Call) -> Any:
        return 200, self.find("items", call.path["item_id"])
