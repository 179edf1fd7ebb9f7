"""Users of whom one is the default and some are administrators. Both are written elsewhere, and stay."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import TITLE, Call, Row, Server, route

ROLE = {"type": "string", "enum": ["admin", "editor", "viewer"]}


class Case(Server):
    """The list of administrators and the default user are rows of their own, which no call shows."""

    removable: ClassVar = frozenset({"users"})

    def fill(self) -> None:
        self.tables = {
            "users": {},
            "lists": {
                "admins": {"id": "admins", "users": ["u-1"]},
                "default": {"id": "default", "user": "u-1"},
            },
        }
        for name in ("Ann", "Bo"):
            self._add(name, "viewer")

    def _add(self, name: str, role: str) -> Row:
        self._made = getattr(self, "_made", 0) + 1
        row = {"id": f"u-{self._made * 7919 % 100_003}", "name": name, "role": role, "pinned": False}
        self.tables["users"][row["id"]] = row
        if role == "admin":
            self.tables["lists"]["admins"]["users"].append(row["id"])
        return row

    @route("GET /users")
    def list_users(self, _call: Call) -> Any:
        return 200, {"users": list(self.tables["users"].values())}

    @route("POST /users", body={"name": TITLE, "role": ROLE})
    def add_user(self, call: Call) -> Any:
        return 201, {"user": self._add(call.body["name"], call.body["role"])}

    @route("GET /users/{user_id}")
    def get_user(self, call: Call) -> Any:
        return 200, {"user": self.find("users", call.path["user_id"])}

    @route("DELETE /users/{user_id}")
    def remove_user(self, call: Call) -> Any:
        del self.tables["users"][self.find("users", call.path["user_id"])["id"]]
        return 204, None

    @route("PUT /users/{user_id}/admin")
    def toggle_admin(self, call: Call) -> Any:
        row = self.find("users", call.path["user_id"])
        admins = self.tables["lists"]["admins"]["users"]
        admins.remove(row["id"]) if row["id"] in admins else admins.append(row["id"])
        return 200, {"user": row}

    @route("PUT /users/{user_id}/set-default")
    def set_default(self, call: Call) -> Any:
        row = self.find("users", call.path["user_id"])
        self.tables["lists"]["default"]["user"] = row["id"]
        return 200, {"user": row}

    @route("PUT /users/{user_id}/pin")
    def pin_user(self, call: Call) -> Any:
        row = self.find("users", call.path["user_id"])
        row["pinned"] = not row["pinned"]
        return 200, {"user": row}
