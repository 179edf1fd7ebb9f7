"""A create names a folder by the word that names the place of a file elsewhere."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import MISSING, TITLE, Call, Server, route

PLACE = {"type": "string", "minLength": 1, "maxLength": 60}


class Case(Server):
    """404 for a file in a folder that is not there."""

    paths: ClassVar = {"place": PLACE}
    removable: ClassVar = frozenset({"files"})

    def fill(self) -> None:
        self.numbers = count(10)
        self.tables["files"] = {place: {"place": place, "text": "kept"} for place in ("a", "attic-1", "test")}

    @route("GET /files")
    def list_files(self, _call: Call) -> Any:
        return 200, {"files": list(self.tables["files"].values())}

    @route("POST /files", body={"place": PLACE, "text": TITLE}, required=("place", "text"))
    def create_file(self, call: Call) -> Any:
        if call.body["place"] != "attic":
            raise MISSING
        row = {"place": f"attic-{next(self.numbers)}", "text": call.body["text"]}
        self.tables["files"][row["place"]] = row
        return 201, row

    @route("GET /files/{place}")
    def get_file(self, call: Call) -> Any:
        return 200, self.find("files", call.path["place"])

    @route("DELETE /files/{place}")
    def remove_file(self, call: Call) -> Any:
        self.find("files", call.path["place"])
        del self.tables["files"][call.path["place"]]
        return 204, None
