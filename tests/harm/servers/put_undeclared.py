"""PUT is described as a change of what is there; of an unknown id it makes an item."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Id, Items, route


class Case(Items):
    """`upserted` has the ids that a PUT made."""

    def __init__(self, seed: int = 0) -> None:
        self.upserted: list[Id] = []
        super().__init__(seed)

    @route("PUT /items/{item_id}", body={"title": TITLE})
    def rename_item(self, call: Call) -> Any:
        id = call.path["item_id"]
        if id not in self.tables["items"]:
            self.upserted.append(id)
        self.tables["items"][id] = {"id": id, "title": call.body["title"]}
        return 200, {"item": self.tables["items"][id]}
