"""Notes in boxes that stay when their box goes, and a seal that the server makes with each box."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import NUMBER, TITLE, Call, Row, route
from harm.servers.nested import Case as Nested


class Case(Nested):
    """A note is found by its own number, whatever box the path names."""

    paths: ClassVar = {**Nested.paths, "seal_id": NUMBER}
    removable: ClassVar = frozenset({"boxes", "notes", "seals"})

    def fill(self) -> None:
        super().fill()
        self.tables["seals"] = {n: {"id": n, "wax": "red"} for n in (71, 72)}

    def add_note_to(self, box_id: int, text: str) -> Row:
        box = self.find("boxes", box_id)
        row = {"id": next(self.numbers), "box_id": box_id, "text": text}
        self.tables["notes"][row["id"]] = row
        box["notes"] += 1
        return row

    @route("GET /seals")
    def list_seals(self, _call: Call) -> Any:
        return 200, {"seals": list(self.tables["seals"].values())}

    @route("POST /boxes", body={"name": TITLE})
    def add_box(self, call: Call) -> Any:
        box = self.add_box_named(call.body["name"])
        self.tables["seals"][box["id"] + 1000] = {"id": box["id"] + 1000, "wax": "blue"}
        return 201, {"box": box}

    @route("DELETE /boxes/{box_id}")
    def remove_box(self, call: Call) -> Any:
        self.find("boxes", call.path["box_id"])
        del self.tables["boxes"][call.path["box_id"]]
        return 204, None

    @route("GET /boxes/{box_id}/notes")
    def list_notes(self, call: Call) -> Any:
        return 200, {"notes": self.notes_of(call.path["box_id"])}

    @route("GET /boxes/{box_id}/notes/{note_id}")
    def get_note(self, call: Call) -> Any:
        return 200, {"note": self.find("notes", call.path["note_id"])}

    @route("DELETE /boxes/{box_id}/notes/{note_id}")
    def remove_note(self, call: Call) -> Any:
        row = self.find("notes", call.path["note_id"])
        del self.tables["notes"][row["id"]]
        if box := self.tables["boxes"].get(row["box_id"]):
            box["notes"] -= 1
        return 204, None

    @route("POST /seals", body={"wax": TITLE})
    def add_seal(self, call: Call) -> Any:
        row = {"id": next(self.numbers) + 5000, "wax": call.body["wax"]}
        self.tables["seals"][row["id"]] = row
        return 201, {"seal": row}

    @route("GET /seals/{seal_id}")
    def get_seal(self, call: Call) -> Any:
        return 200, {"seal": self.find("seals", call.path["seal_id"])}

    @route("DELETE /seals/{seal_id}")
    def remove_seal(self, call: Call) -> Any:
        del self.tables["seals"][self.find("seals", call.path["seal_id"])["id"]]
        return 204, None
