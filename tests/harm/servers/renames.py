"""Groups are addressed by their name, which a change may replace."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import CONFLICT, TITLE, Call, Server, route


class Case(Server):
    """Two groups cannot have one name."""

    removable: ClassVar = frozenset({"groups"})

    def fill(self) -> None:
        self.tables = {"groups": {name: {"name": name} for name in ("admins", "x", "a")}}

    def put(self, name: str) -> dict[str, Any]:
        if name in self.tables["groups"]:
            raise CONFLICT
        self.tables["groups"][name] = {"name": name}
        return self.tables["groups"][name]

    @route("GET /groups")
    def list_groups(self, _call: Call) -> Any:
        return 200, {"groups": list(self.tables["groups"].values())}

    @route("POST /groups", body={"name": TITLE})
    def add_group(self, call: Call) -> Any:
        return 201, {"group": self.put(call.body["name"])}

    @route("GET /groups/{name}")
    def get_group(self, call: Call) -> Any:
        return 200, {"group": self.find("groups", call.path["name"])}

    @route("PATCH /groups/{name}", body={"name": TITLE})
    def rename_group(self, call: Call) -> Any:
        group = self.find("groups", call.path["name"])
        if call.body["name"] == group["name"]:
            return 200, {"group": group}
        new = self.put(call.body["name"])
        del self.tables["groups"][group["name"]]
        return 200, {"group": new}

    @route("DELETE /groups/{name}")
    def remove_group(self, call: Call) -> Any:
        del self.tables["groups"][self.find("groups", call.path["name"])["name"]]
        return 204, None
