"""A server that makes an item of whatever it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harm.servers.base import Call, Items, Route, route
from pgagents.base.http import Request, read_json


class Case(Items):
    """A body that is not JSON, or lacks a title, makes an untitled item."""

    @route("POST /items", body={})
    def add_item(self, call: Call) -> Any:
        return 201, {"item": self.add(title=str(call.body.get("title", "untitled")))}

    def _body(self, request: Request, _r: Route) -> Mapping[str, Any]:
        read = read_json(request.body)
        return read.value if isinstance(read.value, dict) else {}
