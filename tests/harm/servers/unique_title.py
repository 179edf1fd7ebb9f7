"""A title that is there already is refused."""

from __future__ import annotations

from typing import Any

from harm.servers.base import CONFLICT, TITLE, Call, Items, route


class Case(Items):
    """Two items never have one title."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        if any(row["title"] == call.body["title"] for row in self.tables["items"].values()):
            raise CONFLICT
        return super().add_item(call)
