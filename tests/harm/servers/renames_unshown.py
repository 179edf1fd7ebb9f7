"""A change gives a group another name, and its answer has no body."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, route
from harm.servers.renames import Case as Renames


class Case(Renames):
    """Only a read shows which name a group has."""

    @route("PATCH /groups/{name}", body={"name": TITLE})
    def rename_group(self, call: Call) -> Any:
        super().rename_group(call)
        return 204, None
