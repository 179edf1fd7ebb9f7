"""A create with an idempotency key; every call is answered."""

from __future__ import annotations

from typing import Any

from harm.servers import idempotent
from harm.servers.base import TITLE, Call, route


class Case(idempotent.Case):
    """The same key makes no second item."""

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        self.creates = 0
        return super().add_item(call)
