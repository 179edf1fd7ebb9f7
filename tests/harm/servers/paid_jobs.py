"""A POST that spends at once what is on an account, as only its description says."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, Call, Items, route


class Case(Items):
    """Items may be transcribed; the account that pays was there before."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = (999, 12_345)

    def fill(self) -> None:
        super().fill()
        self.tables["accounts"] = {"main": {"id": "main", "charged_cents": 0}}
        self.bought = 0

    def ids(self) -> Any:
        return iter(count(1))

    @route("POST /items/{item_id}/transcriptions", body={"minutes": {**NUMBER, "maximum": 120}})
    def transcribe(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        self.bought += 1
        self.tables["accounts"]["main"]["charged_cents"] += 3 * call.body["minutes"]
        return 202, {"item_id": call.path["item_id"], "minutes": call.body["minutes"]}
