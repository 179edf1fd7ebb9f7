"""The next id is the number of rows and one, as small apps count: after a removal an older row has it too."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import NUMBER, TITLE, Call, Items, route


class Case(Items):
    """The first row of an id is read and removed; what came later with it is only listed."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = ()

    def fill(self) -> None:
        super().fill()
        self.tables["items"] = {id: {**row, "id": id} for id, row in enumerate(self.shown(), 1) if id != 2}

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        items = self.tables["items"]
        id = len(items) + 1
        row = {"id": id, "title": call.body["title"]}
        items[f"{id} again {len(items)}" if id in items else id] = row
        return 201, {"item": row}
