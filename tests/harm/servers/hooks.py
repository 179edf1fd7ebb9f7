"""Addresses that the server writes to: a hook's URL and a person's e-mail."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route

LINK = {"type": "string", "pattern": "^https://", "maxLength": 200}
EMAIL = {"type": "string", "pattern": "^[A-Za-z0-9.+_-]{1,60}@[A-Za-z0-9.-]{1,50}$", "maxLength": 120}


class Case(Items):
    """A new item is announced to its URL and its e-mail address."""

    def fill(self) -> None:
        self.tables["items"] = {}
        self.add(url="https://events.ann.example/", email="ann@example.com")

    @route("POST /items", body={"url": LINK, "email": EMAIL})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(**call.body)}
