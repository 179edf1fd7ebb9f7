"""A GET that reads, and costs money at each call."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Call, Items, route


class Case(Items):
    """A server that charges an account which was there before."""

    def fill(self) -> None:
        super().fill()
        self.tables["accounts"] = {"main": {"id": "main", "charged_cents": 0}}

    @route("GET /appraisal")
    def appraise_items(self, _call: Call) -> Any:
        self.tables["accounts"]["main"]["charged_cents"] += 500
        return 200, {"cents": 1000}
