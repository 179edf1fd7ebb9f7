"""Two customers, each of whom can read and remove the other's items."""

from __future__ import annotations

from harm.servers import tenants
from harm.servers.base import Call, Row


class Case(tenants.Case):
    """The list alone keeps the customers apart."""

    def own(self, call: Call) -> Row:
        return self.find("items", call.path["item_id"])
