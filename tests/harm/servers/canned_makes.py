"""A create that makes an item and answers an older one."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """The answer to a create is always the first item."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        self.add(title=call.body["title"])
        return 201, {"item": next(iter(self.tables["items"].values()))}
