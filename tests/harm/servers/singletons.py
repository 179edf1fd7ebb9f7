"""Things of which there is one: the caller's own account, and the settings."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import MISSING, Call, Server, route

NAME = {"type": "string", "minLength": 1, "maxLength": 40}
THEME = {"type": "string", "enum": ["light", "dark"]}


class Case(Server):
    """No call names an id."""

    removable: ClassVar = frozenset()

    def fill(self) -> None:
        self.tables["me"] = {"me": {"name": "Ann", "email": "ann@example.com"}}
        self.tables["settings"] = {"settings": {"theme": "light", "size": 12}}

    @route("GET /me")
    def get_me(self, _call: Call) -> Any:
        return 200, self.find("me", "me")

    @route("PATCH /me", body={"name": NAME}, required=())
    def change_me(self, call: Call) -> Any:
        self.find("me", "me").update(call.body)
        return 200, self.find("me", "me")

    @route("DELETE /me")
    def remove_me(self, _call: Call) -> Any:
        if not self.tables["me"]:
            raise MISSING
        self.tables["me"].clear()
        return 204, None

    @route("GET /settings")
    def get_settings(self, _call: Call) -> Any:
        return 200, self.find("settings", "settings")

    @route("PUT /settings", body={"theme": THEME, "size": {"type": "integer", "minimum": 8, "maximum": 32}})
    def put_settings(self, call: Call) -> Any:
        self.tables["settings"]["settings"] = dict(call.body)
        return 200, dict(call.body)
