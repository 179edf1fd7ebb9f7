"""Some removals time out although they happened, and the number goes to somebody else at once."""

from __future__ import annotations

from typing import Any

from harm.servers import reused_by_others
from harm.servers.base import Call, route
from pgagents.base.http import Silence


class Case(reused_by_others.Case):
    """Every second removal gets no answer."""

    removed = 0

    @route("DELETE /items/{item_id}")
    def remove_item(self, call: Call) -> Any:
        found = super().remove_item(call)
        self.removed += 1
        return found if self.removed % 2 else Silence("timeout", "no answer in time")
