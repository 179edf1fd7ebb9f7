"""Rows of others show the run's mark, as a board shows its newest note: that makes none of them its own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harm.test_lenient_servers import Notes, Schema, document, model_of, run
from pgagents.catalogue.model.model import Model
from pgagents.verify.fixtures.target import list_sent
from pgagents.verify.setting import Setting, compile_catalogue

BOARDS, SHOWN, USED = 30, 5, 17
"""The boards of others, how many the list shows, and the one in which the newest note of all is put."""
ONE: Schema = {
    "type": "object",
    "required": ["id", "name", "latest"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "latest": {"type": "object"}},
}


class Boards(Notes):
    """The list of boards begins with the one that was used last, and shows the newest note of each."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.last = name, 100
        self.boards = {n: {"id": n, "name": f"Board {n}", "latest": {}} for n in range(1, BOARDS + 1)}
        self.used = list(self.boards)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if path.startswith("/boards"):
            return self.answer_board(method, path, body)
        status, answer = super().answer(method, path, body, given)
        if (method, path, status) == ("POST", "/notes", 201) and USED in self.boards:
            self.boards[USED]["latest"] = {self.name: answer["text"]}
            self.used.remove(USED)
            self.used.insert(0, USED)
        return status, answer

    def answer_board(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        found = re.fullmatch(r"/boards/(\d+)", path)
        number = int(found[1]) if found else 0
        name = body.get("name") if isinstance(body, dict) else None
        if (method, path) == ("GET", "/boards"):
            return 200, [self.boards[n] for n in self.used][:SHOWN]
        if (method, path) == ("POST", "/boards") and isinstance(name, str) and name:
            self.last += 1
            self.boards[self.last] = {"id": self.last, "name": name, "latest": {}}
            self.used.insert(0, self.last)
            return 201, self.boards[self.last]
        if number not in self.boards:
            return (404, {"error": "none"}) if path != "/boards" else (400, {"error": "bad"})
        if method == "DELETE":
            del self.boards[number]
            self.used.remove(number)
            return 204, None
        return (200, self.boards[number]) if method == "GET" else (405, {"error": "method"})

    @property
    def lost(self) -> list[int]:
        return [n for n in range(1, BOARDS + 1) if n not in self.boards]


def boards() -> Model:
    made = document({}, {})
    below = json.loads(json.dumps(made["paths"]).replace("note", "board").replace('"text"', '"name"'))
    below["/boards/{id}"].pop("patch")
    for operation in (*below["/boards"].values(), below["/boards/{id}"]["get"]):
        for status in ("200", "201"):
            content = operation["responses"].get(status, {}).get("content", {}).get("application/json", {})
            if content:
                is_list = content["schema"].get("type") == "array"
                content["schema"] = {"type": "array", "items": ONE} if is_list else ONE
    made["paths"] |= below
    return model_of(made)


@pytest.mark.parametrize("name", ["text", "name"])
def test_a_row_of_others_that_shows_the_newest_note_is_not_removed(name: str) -> None:
    """Of a list that shows a part of the boards, a run removed the one into which its last note had come."""
    server = Boards(name)
    report = run(boards(), server, 0)
    assert len([body for body in server.bodies if "name" in body]) > 3
    assert server.lost == []
    assert not server.changed()
    assert any(f"board {USED} " in line for line in (*report.footer.left_behind, *report.footer.may_exist))
    assert not [n for n in server.boards if n > BOARDS]


def test_a_row_shows_what_a_client_sent_by_the_names_of_its_members() -> None:
    setting, latest = Setting(compile_catalogue(boards(), "http://127.0.0.1:1")), {"name": "pgv-0"}
    board = setting.model.resources["board"]
    assert list_sent(setting, board, {"id": 7, "name": "x", "latest": latest}) == {"name": "x"}
    assert list_sent(setting, board, {"id": 7, "attributes": latest}) == {"id": 7, "attributes": latest}
