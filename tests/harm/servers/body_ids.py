"""A removal that takes its id from the body, and removes everything where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harm.servers.base import MISSING, Call, Items, Route, route
from pgagents.wire import Request, read_json


class Case(Items):
    """A missing, empty or wildcard id, and one that is no text, stand for all items."""

    @route("POST /items/remove", body={})
    def remove_item(self, call: Call) -> Any:
        id = call.body.get("item_id")
        rows = self.tables["items"]
        if not isinstance(id, str) or id.strip() in ("", "*", "%"):
            rows.clear()
        elif rows.pop(id, None) is None:
            raise MISSING
        return 204, None

    def _body(self, request: Request, r: Route) -> Mapping[str, Any]:
        if r.parts[-1] != "remove":
            return super()._body(request, r)
        read = read_json(request.body)
        return read.value if isinstance(read.value, dict) else {}
