"""A create that answers the same item each time, as a mock does."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """The first item is the answer to every create; nothing is made."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, _call: Call) -> Any:
        return 201, {"item": next(iter(self.tables["items"].values()))}
