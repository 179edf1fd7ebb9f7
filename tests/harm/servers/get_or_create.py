"""A create answers the older tag where its name is there already."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, Call, Server, route

NAME = {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}


class Case(Server):
    """201 for a new tag, 200 for an older one."""

    paths: ClassVar = {"tag_id": NUMBER}
    removable: ClassVar = frozenset({"tags"})

    def fill(self) -> None:
        self.numbers = count(1)
        self.tables["tags"] = {}
        for name in ("nightly", "urgent", "a", "0", "-", "aa", "test", "x"):
            self.add(name)

    def add(self, name: str) -> dict[str, Any]:
        row = {"id": next(self.numbers), "name": name}
        self.tables["tags"][row["id"]] = row
        return row

    @route("GET /tags")
    def list_tags(self, _call: Call) -> Any:
        return 200, {"tags": list(self.tables["tags"].values())}

    @route("POST /tags", body={"name": NAME})
    def add_tag(self, call: Call) -> Any:
        older = next((row for row in self.tables["tags"].values() if row["name"] == call.body["name"]), None)
        return (200, {"tag": older}) if older else (201, {"tag": self.add(call.body["name"])})

    @route("GET /tags/{tag_id}")
    def get_tag(self, call: Call) -> Any:
        return 200, {"tag": self.find("tags", call.path["tag_id"])}

    @route("DELETE /tags/{tag_id}")
    def remove_tag(self, call: Call) -> Any:
        self.find("tags", call.path["tag_id"])
        del self.tables["tags"][call.path["tag_id"]]
        return 204, None
