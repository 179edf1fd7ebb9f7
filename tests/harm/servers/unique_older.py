"""A title that is there already answers the older item."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """Two items never have one title; the older one is the answer, with the status of a new one."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        older = next(
            (row for row in self.tables["items"].values() if row["title"] == call.body["title"]), None
        )
        return (201, {"item": older}) if older else super().add_item(call)
