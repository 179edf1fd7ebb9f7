"""The same users and tokens, where users can be made as well."""

from __future__ import annotations

from typing import Any

from harm.servers import credentials
from harm.servers.base import TITLE, Call, route


class Case(credentials.Case):
    """A removed user takes the tokens along."""

    @route("POST /users", body={"name": TITLE})
    def add_user(self, call: Call) -> Any:
        if call.body["name"] in self.tables["users"]:
            return 409, {"error": {"code": "CONFLICT", "message": "The name is taken."}}
        self.tables["users"][call.body["name"]] = {"name": call.body["name"]}
        return 201, {"user": {"name": call.body["name"]}}

    @route("DELETE /users/{name}")
    def remove_user(self, call: Call) -> Any:
        del self.tables["users"][self.find("users", call.path["name"])["name"]]
        for row in [row for row in self.tables["tokens"].values() if row["user"] == call.path["name"]]:
            del self.tables["tokens"][row["id"]]
        return 204, None
