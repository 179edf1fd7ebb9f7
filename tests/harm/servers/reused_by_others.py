"""A number that is free again goes to somebody else at once."""

from __future__ import annotations

from typing import Any

from harm.servers import reused_ids
from harm.servers.base import Call, route


class Case(reused_ids.Case):
    """After each removal somebody else adds an item, which gets the number that became free."""

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        found = super().remove_item(call)
        self.guard("items", self.add(title="Somebody else's")["id"])
        return found
