"""A call on one item answers another, which was there before."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """Opening an item answers the one before it; the first item answers itself."""

    @route("POST /items/{item_id}/open")
    def open_item(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        ids = list(self.tables["items"])
        return 200, {"item": self.tables["items"][ids[max(0, ids.index(call.path["item_id"]) - 1)]]}
