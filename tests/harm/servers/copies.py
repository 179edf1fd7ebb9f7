"""A call on one item makes another."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """A copy has the title of what it was copied from."""

    @route("POST /items/{item_id}/copy")
    def copy_item(self, call: Call) -> Any:
        return 201, {"item": self.add(title=self.find("items", call.path["item_id"])["title"])}
