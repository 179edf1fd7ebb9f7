"""A collection takes methods that no catalogue names."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """Every undeclared method of the collection empties it, with a slash at its end too."""

    @route("DELETE /items")
    @route("DELETE /items/")
    @route("DELETE //items")
    @route("PUT /items")
    @route("PUT /items/")
    @route("PATCH /items")
    def empty(self, _call: Call) -> Any:
        self.tables["items"].clear()
        return 204, None
