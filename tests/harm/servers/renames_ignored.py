"""A change may carry another name, and the server keeps the one it has. Its answer has no body."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, route
from harm.servers.renames import Case as Renames


class Case(Renames):
    """Only a read shows that the name stays."""

    @route("PATCH /groups/{name}", body={"name": TITLE})
    def rename_group(self, call: Call) -> Any:
        self.find("groups", call.path["name"])
        return 204, None
