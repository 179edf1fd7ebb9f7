"""A server that takes more for an id than it should: parts, patterns, other letters, nothing."""

from __future__ import annotations

import re
from typing import Any

from harm.servers.base import MISSING, Call, Items, route


class Case(Items):
    """An id removes all items that begin with it; `*`, `%` and `_` stand for anything; letters' case and
    spaces do not count.
    """

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        wanted = "".join(self._meaning(sign) for sign in call.path["item_id"].strip().lower())
        fitting = [id for id in self.tables["items"] if re.match(wanted, str(id))]
        if not fitting:
            raise MISSING
        for id in fitting:
            del self.tables["items"][id]
        return 204, None

    @route("DELETE /items/")
    def remove_all(self, _call: Call) -> Any:
        self.tables["items"].clear()
        return 204, None

    def _meaning(self, sign: str) -> str:
        return {"*": ".*", "%": ".*", "_": ".", "?": "."}.get(sign, re.escape(sign))
