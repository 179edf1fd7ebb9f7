"""PUT makes an item under an id that the caller chooses, or overwrites the one that is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from harm.servers.base import TITLE, Call, Id, Items, route


class Case(Items):
    """Ids are the callers' words; some of them are short."""

    paths: ClassVar = {"item_id": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}}

    def ids(self) -> Iterator[Id]:
        return iter(("red-kettle", "a", "0", "x", "test", "aa", "z", "-", "string"))

    add_item = None

    @route("PUT /items/{item_id}", body={"title": TITLE})
    def put_item(self, call: Call) -> Any:
        id = call.path["item_id"]
        was = self.tables["items"].get(id)
        self.tables["items"][id] = {"id": id, "title": call.body["title"]}
        return 200 if was else 201, {"item": self.tables["items"][id]}
