"""A removal that takes its id from the body, and removes everything where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harm.servers.base import MISSING, Call, Items, Route, route
from pgagents.base.http import Request, read_json


class Case(Items):
    """A missing, empty or wildcard id stands for all items, and so do true and false."""

    @route("POST /items/remove", body={})
    def remove_item(self, call: Call) -> Any:
        id = call.body.get("item_id")
        rows = self.tables["items"]
        if id in (None, [], {}, True, False) or str(id).strip() in ("", "*", "%"):
            rows.clear()
        elif rows.pop(str(id), None) is None:
            raise MISSING
        return 204, None

    def _body(self, request: Request, r: Route) -> Mapping[str, Any]:
        if r.parts[-1] != "remove":
            return super()._body(request, r)
        read = read_json(request.body)
        return read.value if isinstance(read.value, dict) else {}
