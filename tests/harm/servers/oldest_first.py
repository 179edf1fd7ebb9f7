"""A list in pages, the oldest first: what was just made stands on the last page."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route

PAGE = 3


class Case(Items):
    """Three items to a page; nobody can ask for another order."""

    @route("GET /items", query={"cursor": {"type": "string", "pattern": "^[0-9]{1,6}$"}})
    def list_items(self, call: Call) -> Any:
        first = int(call.query.get("cursor", "0"))
        rows = self.shown()
        more = str(first + PAGE) if len(rows) > first + PAGE else None
        return 200, {"items": rows[first : first + PAGE], "next_cursor": more}
