"""Things without a text, under numbers that are given again: nothing that is made can carry a mark."""

from __future__ import annotations

from typing import Any

from harm.servers import largest_ids
from harm.servers.base import Call, route


class Case(largest_ids.Case):
    """Only a size distinguishes one thing from another."""

    def fill(self) -> None:
        self.tables["items"] = {}
        for size in (1, 2, 3, 3):
            self.add(size=size)

    @route("POST /items", body={"size": {"type": "integer", "minimum": 1, "maximum": 99}})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(size=call.body["size"])}
