"""A create may choose the id; one that is there already is overwritten."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import TITLE, Call, Server, route

ID = {"type": "string", "minLength": 1, "maxLength": 60}


class Case(Server):
    """201 for every session, new or not."""

    paths: ClassVar = {"session_id": ID}
    removable: ClassVar = frozenset({"sessions"})

    def fill(self) -> None:
        self.numbers = count(1)
        self.tables["sessions"] = {}
        for id in ("a", "x", "0", "test", "main", "xxxxxxxx"):
            self.tables["sessions"][id] = {"id": id, "agent": "ann", "note": "kept"}

    @route("GET /sessions")
    def list_sessions(self, _call: Call) -> Any:
        return 200, {"sessions": list(self.tables["sessions"].values())}

    @route("POST /sessions", body={"agent": TITLE, "id": ID, "note": TITLE}, required=("agent",))
    def create_session(self, call: Call) -> Any:
        id = call.body.get("id") or f"s-{next(self.numbers)}-{self.now:.0f}"
        row = {"id": id, "agent": call.body["agent"], "note": call.body.get("note", "")}
        self.tables["sessions"][id] = row
        return 201, row

    @route("GET /sessions/{session_id}")
    def get_session(self, call: Call) -> Any:
        return 200, self.find("sessions", call.path["session_id"])

    @route("DELETE /sessions/{session_id}")
    def remove_session(self, call: Call) -> Any:
        self.find("sessions", call.path["session_id"])
        del self.tables["sessions"][call.path["session_id"]]
        return 204, None
