"""A collection takes methods that no catalogue names."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """DELETE and PUT of the collection empty it; so does a path with a slash too many."""

    @route("DELETE /items")
    @route("DELETE /items/")
    @route("DELETE //items")
    @route("PUT /items")
    @route("PATCH /items")
    @route("POST /items/")
    def empty(self, _call: Call) -> Any:
        self.tables["items"].clear()
        return 204, None
