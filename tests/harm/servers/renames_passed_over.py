"""A change may carry another name, and the server keeps the one it has."""

from __future__ import annotations

from typing import Any

from harm.servers.base import TITLE, Call, route
from harm.servers.renames import Case as Renames


class Case(Renames):
    """The answer to the change shows the name that stays."""

    @route("PATCH /groups/{name}", body={"name": TITLE})
    def rename_group(self, call: Call) -> Any:
        return 200, {"group": self.find("groups", call.path["name"])}
