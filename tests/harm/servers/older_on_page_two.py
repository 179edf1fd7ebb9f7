"""A create by name answers an older item, which the first page of the list does not show."""

from __future__ import annotations

from typing import Any

from harm.servers import unique_older
from harm.servers.base import Call, route

PAGE = 3


class Case(unique_older.Case):
    """The newest items come first, three to a page."""

    @route("GET /items", query={"cursor": {"type": "string", "pattern": "^[0-9]{1,6}$"}})
    def list_items(self, call: Call) -> Any:
        first = int(call.query.get("cursor", "0"))
        rows = list(reversed(self.shown()))
        more = str(first + PAGE) if len(rows) > first + PAGE else None
        return 200, {"items": rows[first : first + PAGE], "next_cursor": more}
