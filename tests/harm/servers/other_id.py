"""A create names the id of what it made in another way than the reads do, as Alertmanager's silences."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """The answer to a create is the new id alone, as `itemID`."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        return 201, {"itemID": self.add(title=call.body["title"])["id"]}
