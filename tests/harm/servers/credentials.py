"""Users have tokens. A token acts as its user, and stays valid until somebody removes it."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import NUMBER, TITLE, Call, Row, Server, route


class Case(Server):
    """Users and tokens can be made and removed; tokens are numbered as SQLite numbers rows."""

    paths: ClassVar = {"token_id": NUMBER}
    removable: ClassVar = frozenset({"users", "tokens"})

    def fill(self) -> None:
        self.tables = {"users": {}, "tokens": {}}
        for name in ("ann", "ben"):
            self.tables["users"][name] = {"name": name}
            self.add_token_to(name, "laptop")

    def add_token_to(self, name: str, note: str) -> Row:
        self.find("users", name)
        number = 1 + max((int(id) for id in self.tables["tokens"]), default=0)
        row = {"id": number, "user": name, "note": note, "token": f"t0k-{name}-{number}"}
        self.tables["tokens"][number] = row
        return row

    def token_of(self, call: Call) -> Row:
        self.find("users", call.path["name"])
        row = self.find("tokens", call.path["token_id"])
        return row if row["user"] == call.path["name"] else self.find("tokens", -1)

    @route("GET /users")
    def list_users(self, _call: Call) -> Any:
        return 200, {"users": list(self.tables["users"].values())}

    @route("GET /users/{name}")
    def get_user(self, call: Call) -> Any:
        return 200, {"user": self.find("users", call.path["name"])}

    @route("GET /users/{name}/tokens")
    def list_tokens(self, call: Call) -> Any:
        self.find("users", call.path["name"])
        rows = [row for row in self.tables["tokens"].values() if row["user"] == call.path["name"]]
        return 200, {"tokens": rows}

    @route("POST /users/{name}/tokens", body={"note": TITLE})
    def add_token(self, call: Call) -> Any:
        return 201, {"token": self.add_token_to(call.path["name"], call.body["note"])}

    @route("GET /users/{name}/tokens/{token_id}")
    def get_token(self, call: Call) -> Any:
        return 200, {"token": self.token_of(call)}

    @route("DELETE /users/{name}/tokens/{token_id}")
    def remove_token(self, call: Call) -> Any:
        del self.tables["tokens"][self.token_of(call)["id"]]
        return 204, None
