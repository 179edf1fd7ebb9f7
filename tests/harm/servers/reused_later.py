"""A number that is free again goes to somebody else a moment later, while a run reads lists."""

from __future__ import annotations

from typing import Any

from harm.servers import reused_ids
from harm.servers.base import Call, route


class Case(reused_ids.Case):
    """At the first list after each removal somebody else adds an item, which gets the free number."""

    freed = False

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        self.freed = True
        return super().remove_item(call)

    @route("GET /items")
    def list_items(self, call: Call) -> Any:
        if self.freed:
            self.freed = False
            self.guard("items", self.add(title="Somebody else's")["id"])
        return super().list_items(call)
