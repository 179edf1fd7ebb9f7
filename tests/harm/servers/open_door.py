"""A server that asks nobody for a key."""

from __future__ import annotations

from harm.servers.base import Items
from pgagents.base.http import Request


class Case(Items):
    """Every call is made as the customer's."""

    def _project(self, _request: Request) -> str | None:
        return "main"
