"""Notes in boxes: every box numbers its own notes from 1, and takes them along when it goes."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from harm.servers.base import NUMBER, TITLE, Call, Row, Server, route


class Case(Server):
    """A box tells how many notes it has."""

    paths: ClassVar = {"box_id": NUMBER, "note_id": NUMBER}
    may_change: ClassVar = {"boxes": frozenset({"notes"})}
    removable: ClassVar = frozenset({"boxes", "notes"})

    def fill(self) -> None:
        self.numbers = count(1)
        self.tables = {"boxes": {}, "notes": {}}
        for name, notes in (("Attic", 3), ("Cellar", 2), ("Empty", 0)):
            box = self.add_box_named(name)
            for number in range(notes):
                self.add_note_to(box["id"], f"{name} {number}")

    def add_box_named(self, name: str) -> Row:
        box = {"id": next(self.numbers), "name": name, "notes": 0}
        self.tables["boxes"][box["id"]] = box
        return box

    def add_note_to(self, box_id: int, text: str) -> Row:
        box = self.find("boxes", box_id)
        number = 1 + max((row["id"] for row in self.notes_of(box_id)), default=0)
        row = {"id": number, "box_id": box_id, "text": text}
        self.tables["notes"][f"{box_id}/{number}"] = row
        box["notes"] += 1
        return row

    def notes_of(self, box_id: int) -> list[Row]:
        return [row for row in self.tables["notes"].values() if row["box_id"] == box_id]

    @route("GET /boxes")
    def list_boxes(self, _call: Call) -> Any:
        return 200, {"boxes": list(self.tables["boxes"].values())}

    @route("POST /boxes", body={"name": TITLE})
    def add_box(self, call: Call) -> Any:
        return 201, {"box": self.add_box_named(call.body["name"])}

    @route("GET /boxes/{box_id}")
    def get_box(self, call: Call) -> Any:
        return 200, {"box": self.find("boxes", call.path["box_id"])}

    @route("DELETE /boxes/{box_id}")
    def remove_box(self, call: Call) -> Any:
        self.find("boxes", call.path["box_id"])
        del self.tables["boxes"][call.path["box_id"]]
        for row in self.notes_of(call.path["box_id"]):
            del self.tables["notes"][f"{row['box_id']}/{row['id']}"]
        return 204, None

    @route("GET /boxes/{box_id}/notes")
    def list_notes(self, call: Call) -> Any:
        self.find("boxes", call.path["box_id"])
        return 200, {"notes": self.notes_of(call.path["box_id"])}

    @route("POST /boxes/{box_id}/notes", body={"text": TITLE})
    def add_note(self, call: Call) -> Any:
        return 201, {"note": self.add_note_to(call.path["box_id"], call.body["text"])}

    @route("GET /boxes/{box_id}/notes/{note_id}")
    def get_note(self, call: Call) -> Any:
        return 200, {"note": self.find("notes", f"{call.path['box_id']}/{call.path['note_id']}")}

    @route("DELETE /boxes/{box_id}/notes/{note_id}")
    def remove_note(self, call: Call) -> Any:
        key = f"{call.path['box_id']}/{call.path['note_id']}"
        self.find("notes", key)
        del self.tables["notes"][key]
        self.tables["boxes"][call.path["box_id"]]["notes"] -= 1
        return 204, None
