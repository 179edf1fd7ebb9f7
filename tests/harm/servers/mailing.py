"""POSTs that send e-mails to people, as a name and a description say."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, Call, Items, route

MAIL = {"type": "string", "maxLength": 80}


class Case(Items):
    """Items may be told to somebody, and people invited; the list of what was sent was there before."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = (999, 12_345)

    def fill(self) -> None:
        super().fill()
        self.tables["outbox"] = {"main": {"id": "main", "sent": 0}}
        self.bought = 0

    def ids(self) -> Any:
        return iter(count(1))

    def _send(self) -> Any:
        self.bought += 1
        self.tables["outbox"]["main"]["sent"] += 1
        return 202, {"queued": True}

    @route("POST /items/{item_id}/reminder", body={"to": MAIL})
    def remind(self, call: Call) -> Any:
        self.find("items", call.path["item_id"])
        return self._send()

    @route("POST /members", body={"to": MAIL})
    def invite_member(self, _call: Call) -> Any:
        return self._send()
