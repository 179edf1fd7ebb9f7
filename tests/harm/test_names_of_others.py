"""Names and keys by which a server finds what others have, in texts that have no room for a mark."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harm.test_lenient_servers import OTHERS, Notes, Schema, document, model_of, run


class Shelves(Notes):
    """A note has the name of a shelf. A shelf that goes takes with it what has its name, and its new name
    goes to them; a `code` finds the shelf that a create changes instead.
    """

    def __init__(self, code: str = "A-007") -> None:
        super().__init__()
        names = ("Work", "Home", "Books")
        for note in self.notes.values():
            note["text"] = names[note["id"] % 3]
        self.notes[OTHERS]["code"] = self.code = code
        self.at_start = json.dumps(self.notes)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        found = re.fullmatch(r"/notes/(\d+)", path)
        held = self.notes.get(int(found[1])) if found else None
        before = dict(held) if held is not None else {}
        same = [
            note
            for note in self.notes.values()
            if note["id"] <= OTHERS and note["text"] == before.get("text")
        ]
        if method == "POST" and isinstance(body, dict) and body.get("code") == self.code:
            self.notes[OTHERS]["text"] = body.get("text")
        status, answer = super().answer(method, path, body, given)
        for note in same if status < 300 and method in ("PATCH", "DELETE") else ():
            if method == "DELETE":
                self.notes.pop(note["id"], None)
            else:
                note["text"] = self.notes[before["id"]]["text"]
        return status, answer


SHORT: Schema = {"type": "string", "minLength": 1, "maxLength": 10, "example": "Work"}
CODE: Schema = {"type": "string", "pattern": "^[A-Z]-[0-9]{3}$", "example": "A-007"}
MAIL: Schema = {"type": "string", "pattern": "^[a-z0-9]{1,9}@corp[.]example$", "example": "u3@corp.example"}


def shelves(text: Schema, **more: Schema) -> Schema:
    described = document(more, {})
    for item in described["paths"].values():
        for method in ("post", "patch"):
            if method in item:
                body = item[method]["requestBody"]["content"]["application/json"]["schema"]
                body["properties"]["text"] = text
                body["required"] = ["text", *more]
    return described


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "text",
    [SHORT, {"type": "string", "pattern": "^[A-Z][a-z]{2,7}$", "example": "Work"}],
    ids=["short", "pattern"],
)
def test_a_name_without_room_for_a_mark_is_none_that_the_document_shows(
    text: Schema, seed: int, tmp_path: Path
) -> None:
    """Of an app whose categories are found by their names, a run removed the notes of the category `Work`."""
    server = Shelves()
    run(model_of(tmp_path, shelves(text)), server, seed)
    assert len(server.bodies) > 60
    assert not server.changed()


@pytest.mark.parametrize("code", [CODE, MAIL], ids=["code", "address"])
def test_a_key_that_the_document_shows_is_not_sent(code: Schema, tmp_path: Path) -> None:
    """Its row was changed by the first create, where a server takes a known key for an update."""
    server = Shelves(code["example"])
    run(model_of(tmp_path, shelves({"type": "string", "maxLength": 200}, code=code)), server, 0)
    assert len(server.bodies) > 60
    assert not server.changed()
    assert all(re.match(code["pattern"], body["code"]) for body in server.bodies[:2])


class Strict(Shelves):
    """Takes the codes that it knows only."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if method in ("POST", "PATCH") and isinstance(body, dict) and body.get("code") not in ("B-001", None):
            return 422, {"error": "no such code"}
        return super().answer(method, path, body, given)


def test_a_key_that_the_server_wants_is_sent_as_shown_and_texts_keep_their_mark(tmp_path: Path) -> None:
    server = Strict()
    described = shelves({"type": "string", "maxLength": 200}, code={**CODE, "example": "B-001"})
    run(model_of(tmp_path, described), server, 0)
    taken = [body for body in server.bodies if body.get("code") == "B-001" and body.get("text")]
    assert len(taken) > 10
    assert str(taken[0]["text"]).startswith("pgv-")
    assert not server.changed()
