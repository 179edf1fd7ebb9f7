"""Some creates time out although they happened."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route
from pgagents.base.http import Silence


class Case(Items):
    """Every third create gets no answer."""

    made = 0

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        found = super().add_item(call)
        self.made += 1
        return found if self.made % 3 else Silence("timeout", "no answer in time")
