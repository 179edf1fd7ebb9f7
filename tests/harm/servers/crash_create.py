"""Some creates answer an error of a gateway although they happened."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, Items, route
from pgagents.base.http import Response


class Case(Items):
    """Every third create answers 502."""

    creates = 0

    @route("POST /items", body={"title": TITLE})
    def add_item(self, call: Call) -> Any:
        found = super().add_item(call)
        self.creates += 1
        return (
            found
            if self.creates % 3
            else Response(502, (("Content-Type", "text/html"),), b"<h1>Bad gateway</h1>")
        )
