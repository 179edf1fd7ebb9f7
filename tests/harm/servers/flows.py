"""Flows as an orchestrator has them: a create by name answers the older one, and lists are asked for by
POST.
"""

from __future__ import annotations

import random
import uuid
from typing import Any, ClassVar

from harm.servers.base import Call, Server, route

NAME = {"type": "string", "minLength": 1, "maxLength": 80}
UUID = {"type": "string", "format": "uuid", "minLength": 36, "maxLength": 36}
MANY = {"type": "integer", "minimum": 0, "maximum": 200}


class Case(Server):
    """Bodies are bare; a path of a collection ends in a slash."""

    paths: ClassVar = {"flow_id": UUID}
    removable: ClassVar = frozenset({"flows"})

    def fill(self) -> None:
        self.random = random.Random(self.seed)
        self.tables["flows"] = {}
        for name in ("nightly", "my-flow", "a", "0", "string", "test"):
            self.add(name, ["old"])

    def add(self, name: str, tags: list[str]) -> dict[str, Any]:
        row = {"id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)), "name": name, "tags": tags}
        self.tables["flows"][row["id"]] = row
        return row

    @route(
        "POST /flows/",
        body={"name": NAME, "tags": {"type": "array", "items": NAME, "maxItems": 5}},
        required=("name",),
    )
    def create_flow(self, call: Call) -> Any:
        older = next((row for row in self.tables["flows"].values() if row["name"] == call.body["name"]), None)
        return (200, older) if older else (201, self.add(call.body["name"], call.body.get("tags", [])))

    @route("POST /flows/filter", body={"limit": MANY, "offset": MANY}, required=())
    def read_flows(self, call: Call) -> Any:
        first = call.body.get("offset", 0)
        return 200, list(self.tables["flows"].values())[first : first + call.body.get("limit", 200)]

    @route("GET /flows/{flow_id}")
    def read_flow(self, call: Call) -> Any:
        return 200, self.find("flows", call.path["flow_id"])

    @route("DELETE /flows/{flow_id}")
    def delete_flow(self, call: Call) -> Any:
        self.find("flows", call.path["flow_id"])
        del self.tables["flows"][call.path["flow_id"]]
        return 204, None
