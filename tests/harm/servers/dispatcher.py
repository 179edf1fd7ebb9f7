"""The same calls over one endpoint, whose removal takes a missing id for all of them."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from harm.servers.base import INVALID, TITLE, Call, Items, route

WITH = {"type": "object"}
TOOLS = {"type": "string", "enum": ["list_items", "add_item", "get_item", "remove_item"]}


class Case(Items):
    """`tool` names the call, `with` has its arguments."""

    @route("POST /ask", body={"tool": TOOLS, "with": WITH}, required=("tool",))
    def ask(self, call: Call) -> Any:
        given = call.body.get("with", {})
        tool = call.body["tool"]
        if tool == "remove_item" and given.get("item_id") in (None, "", "*"):
            self.tables["items"].clear()
            return 204, None
        if tool in ("get_item", "remove_item") and not isinstance(given.get("item_id"), str):
            raise INVALID
        if tool == "add_item" and not jsonschema_rs.is_valid(TITLE, given.get("title")):
            raise INVALID
        if set(given) - {"item_id", "title"}:
            raise INVALID
        return getattr(self, tool)(
            Call({"item_id": given.get("item_id")}, {}, given, call.project, call.request)
        )
