"""A create with an idempotency key, and every fourth create without an answer."""

from __future__ import annotations

from typing import Any

from harm.servers.base import CONFLICT, INVALID, TITLE, Call, Items, route
from pgagents.base.http import Silence


class Case(Items):
    """The same key makes no second item; with another body it is refused."""

    def __init__(self, seed: int = 0) -> None:
        self.known: dict[str, tuple[str, Any]] = {}
        self.creates = 0
        super().__init__(seed)

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        key = call.request.header("idempotency-key")
        if key is not None and not 8 <= len(key) <= 80:
            raise INVALID
        if key in self.known:
            title, row = self.known[key]
            if title != call.body["title"]:
                raise CONFLICT
            return 201, {"item": row}
        row = self.add(title=call.body["title"])
        if key is not None:
            self.known[key] = call.body["title"], dict(row)
        self.creates += 1
        return (201, {"item": row}) if self.creates % 4 else Silence("timeout", "no answer in time")
