"""GETs whose path or name says that they do something, and that no document marks."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, Call, Items, route


class Case(Items):
    """Items are numbered; a GET confirms one, removes one, or logs everybody out."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = (999, 12_345)

    def fill(self) -> None:
        super().fill()
        self.tables["sessions"] = {"main": {"open": True}}

    def ids(self) -> Any:
        return iter(count(1))

    @route("GET /items/{item_id}/confirm")
    def confirm(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])["confirmed"] = True
        return 200, {"done": True}

    @route("GET /items/{item_id}/last-rites")
    def delete_by_name(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        del self.tables["items"][call.path["item_id"]]
        return 200, {"done": True}

    @route("GET /logout")
    def logout(self, _call: Call) -> Any:
        self.tables["sessions"]["main"]["open"] = False
        return 200, {"done": True}

    @route("GET /unsubscribe")
    def unsubscribe(self, _call: Call) -> Any:
        self.tables["sessions"].clear()
        return 200, {"done": True}
