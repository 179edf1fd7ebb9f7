"""A create whose e-mail address is there already overwrites that contact."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, TITLE, Call, Server, route

EMAIL = {
    "type": "string",
    "format": "email",
    "pattern": "^[A-Za-z0-9.+_-]{1,60}@[A-Za-z0-9.-]{1,50}$",
    "maxLength": 120,
}


class Case(Server):
    """201 for a new contact, 200 for one that was overwritten."""

    paths: ClassVar = {"contact_id": NUMBER}
    removable: ClassVar = frozenset({"contacts"})

    def fill(self) -> None:
        self.numbers = count(1)
        self.tables["contacts"] = {}
        for name in ("ann", "a", "test", "user", "x", "0"):
            self.add(f"{name}@example.com", name)

    def add(self, email: str, name: str) -> dict[str, Any]:
        row = {"id": next(self.numbers), "email": email, "name": name}
        self.tables["contacts"][row["id"]] = row
        return row

    @route("GET /contacts")
    def list_contacts(self, _call: Call) -> Any:
        return 200, {"contacts": list(self.tables["contacts"].values())}

    @route("POST /contacts", body={"email": EMAIL, "name": TITLE})
    def save_contact(self, call: Call) -> Any:
        older = next(
            (row for row in self.tables["contacts"].values() if row["email"] == call.body["email"]), None
        )
        if older:
            older["name"] = call.body["name"]
        return (200, {"contact": older}) if older else (201, {"contact": self.add(**call.body)})

    @route("GET /contacts/{contact_id}")
    def get_contact(self, call: Call) -> Any:
        return 200, {"contact": self.find("contacts", call.path["contact_id"])}

    @route("DELETE /contacts/{contact_id}")
    def remove_contact(self, call: Call) -> Any:
        self.find("contacts", call.path["contact_id"])
        del self.tables["contacts"][call.path["contact_id"]]
        return 204, None
