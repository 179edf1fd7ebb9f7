"""A list of the ten oldest: that there are more, and how to ask for them, nobody says."""

from __future__ import annotations

from typing import Any

from harm.servers.base import Items

PAGE = 10


class Case(Items):
    """Ten items existed before the run."""

    def fill(self) -> None:
        super().fill()
        rows = self.tables["items"]
        for number in range(PAGE):
            rows.setdefault(
                f"it-{4_000 + number:05d}", {"id": f"it-{4_000 + number:05d}", "title": f"Lamp {number}"}
            )

    def shown(self) -> list[Any]:
        return sorted(self.tables["items"].values(), key=lambda row: not row["title"].startswith("Lamp "))[
            :PAGE
        ]
