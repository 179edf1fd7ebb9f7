"""A create that makes nothing, and answers what it was sent under the id of an older item."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route


class Case(Items):
    """Every create answers the next of the older ids."""

    answered = 0
    list_items = None

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        ids = list(self.tables["items"])
        self.answered += 1
        return 201, {
            "item": {"id": ids[self.answered % len(ids)] if ids else "it-00000", "title": call.body["title"]}
        }
