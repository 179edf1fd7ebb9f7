"""A create with an idempotency key of each project's own, where the second project has room for one item."""

from __future__ import annotations

from typing import Any

from harm.servers.base import CONFLICT, INVALID, TITLE, Call, Items, Row, route


class Case(Items):
    """The same key makes no second item; every call is answered."""

    def __init__(self, seed: int = 0) -> None:
        self.known: dict[tuple[str, str], Row] = {}
        self.of_second: dict[Any, int] = {}
        """By id the requests before the one that made it."""
        super().__init__(seed)

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        key = call.request.header("idempotency-key")
        if key is not None and not 8 <= len(key) <= 80:
            raise INVALID
        if key is not None and (known := self.known.get((call.project, key))) is not None:
            if known["title"] != call.body["title"]:
                raise CONFLICT
            return 201, {"item": known}
        if call.project == "second" and self.of_second.keys() & self.tables["items"]:
            raise CONFLICT
        row = self.add(title=call.body["title"])
        if call.project == "second":
            self.of_second[row["id"]] = len(self.log)
        if key is not None:
            self.known[call.project, key] = dict(row)
        return 201, {"item": row}
