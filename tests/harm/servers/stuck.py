"""Nothing that was made can be removed, although the catalogue says so."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, Refused, route


class Case(Items):
    """A removal is refused: by a fault of the server."""

    refusal = Refused(500, "INTERNAL")

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        raise self.refusal
