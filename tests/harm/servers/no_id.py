"""A create answers that it is done, and not under which id."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """Its titles are kept as they came."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        self.add(title=call.body["title"])
        return 201, {"done": True}
