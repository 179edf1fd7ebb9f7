"""Repositories that two members together tell apart; owners share names."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import CONFLICT, TITLE, Call, Server, route

OWNER = {"type": "string", "enum": ["acme", "ann"]}
NAME = {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}


class Case(Server):
    """No two repositories of one owner have one name."""

    removable: ClassVar = frozenset({"repositories"})

    def fill(self) -> None:
        self.tables["repositories"] = {}
        for owner, name in (
            ("acme", "tools"),
            ("ann", "tools"),
            ("acme", "a"),
            ("acme", "0"),
            ("acme", "-"),
            ("ann", "none-0"),
        ):
            self.add(owner, name, name.title())

    def add(self, owner: str, name: str, note: str) -> dict[str, Any]:
        row = {"owner": owner, "name": name, "note": note}
        self.tables["repositories"][f"{owner}/{name}"] = row
        return row

    def remains(self, row: dict[str, Any]) -> bool:
        return bool(row)

    @route("GET /repos")
    def list_repositories(self, _call: Call) -> Any:
        return 200, list(self.tables["repositories"].values())

    @route("POST /repos", body={"owner": OWNER, "name": NAME, "note": TITLE})
    def add_repository(self, call: Call) -> Any:
        if f"{call.body['owner']}/{call.body['name']}" in self.tables["repositories"]:
            raise CONFLICT
        return 201, self.add(**call.body)

    @route("GET /repos/{owner}/{name}")
    def get_repository(self, call: Call) -> Any:
        return 200, self.find("repositories", f"{call.path['owner']}/{call.path['name']}")

    @route("DELETE /repos/{owner}/{name}")
    def remove_repository(self, call: Call) -> Any:
        key = f"{call.path['owner']}/{call.path['name']}"
        self.find("repositories", key)
        del self.tables["repositories"][key]
        return 204, None
