"""A list in pages that ends one page too early: what was just made is on none of them."""

from __future__ import annotations

from typing import Any

from harm.servers import oldest_first
from harm.servers.base import Call, route
from harm.servers.oldest_first import PAGE


class Case(oldest_first.Case):
    """The last page is never shown."""

    @route("GET /items", query={"cursor": {"type": "string", "pattern": "^[0-9]{1,6}$"}})
    def list_items(self, call: Call) -> Any:
        first = int(call.query.get("cursor", "0"))
        rows = self.shown()
        more = str(first + PAGE) if len(rows) > first + 2 * PAGE else None
        return 200, {"items": rows[first : first + PAGE], "next_cursor": more}
