"""A server reads the random ids that it gives exactly in reads, and leniently in one action alone.

At most one row of others is gone or changed before that action is not called any more, also where no list
tells. Legal removals are not accused, and leave nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest

from harm.loopback import loopback
from harm.test_harm_module import run_module
from harm.test_lenient_servers import Notes, Schema, document, model_of, run
from pgagents.base.http import Request, Response
from pgagents.report.formats.text import render

Row = dict[str, Any]
ROWS = 300
HIDDEN = {"list": "/notes", "read": "/notes/{id}"}


def lead(text: str) -> str:
    """JavaScript's parseInt."""
    found = re.match(r"\d+", text)
    return str(int(found[0])) if found else ""


def first_digits(text: str) -> str:
    found = re.search(r"\d+", text)
    return str(int(found[0])) if found else ""


def is_text(text: str) -> str:
    """MySQL, where it compares a column of texts with the number zero: each one without digits is equal."""
    return lead(text) or "0"


def last_part(text: str) -> str:
    return re.split(r"[\W_]+", text)[-1]


class Keyed(Notes):
    """Rows of others have numbers or UUIDs. `method` takes the first row that it reads alike."""

    def __init__(
        self, reads: Callable[[str], str] = str, method: str = "", own: str = "uuid", numbered: bool = True
    ) -> None:
        super().__init__()
        self.reads, self.method, self.own, self.chance = reads, method, own, Random(5)
        ids = [str(n + 1) if numbered else self.make_id() for n in range(ROWS)]
        self.rows: dict[str, Row] = {id: {"id": id, "text": f"mine {id}"} for id in ids}
        self.older = dict(self.rows)

    def make_id(self) -> str:
        bits = self.chance.getrandbits(128)
        return str(UUID(int=bits, version=4)) if self.own == "uuid" else f"lion{bits}-{bits % 300 + 1}"

    def find(self, method: str, asked: str) -> str:
        read = self.reads(asked) if self.method in (method, "any") else ""
        return next((id for id in self.rows if self.reads(id) == read), "") if read else asked

    def remove(self, id: str) -> tuple[int, Any]:
        del self.rows[id]
        return 204, None

    def show(self, id: str) -> tuple[int, Any]:
        return (200, self.rows[id]) if id in self.rows else (404, {"error": "none"})

    def listed(self) -> list[Row]:
        return list(self.rows.values())

    def answer(self, method: str, path: str, body: Any, _: dict[str, Any]) -> tuple[int, Any]:
        text = body.get("text") if isinstance(body, dict) else None
        if method in ("POST", "PATCH") and not (isinstance(text, str) and 0 < len(text) <= 200):
            return 400, {"error": "bad"}
        asked = unquote(path.removeprefix("/notes").removeprefix("/"))
        if not asked and method == "GET":
            return 200, self.listed()
        if not asked and method == "POST":
            id = self.make_id()
            self.rows[id] = {"id": id, "text": text}
            return 201, self.rows[id]
        id = self.find(method, asked)
        if method == "GET":
            return self.show(id)
        if id not in self.rows:
            return 404, {"error": "none"}
        if method == "DELETE":
            return self.remove(id)
        if method == "PATCH":
            self.rows[id] = {**self.rows[id], "text": text}
        return (200, self.rows[id]) if method == "PATCH" else (405, {"error": "method"})

    def count_harmed(self) -> int:
        return sum(self.rows.get(id) != row for id, row in self.older.items())

    def list_left(self) -> list[str]:
        return [id for id in self.rows if id not in self.older]


def described(hidden: str = "", answers: str = "204") -> Schema:
    """The document of notes with text ids, without the reads that are `hidden`."""
    told: Schema = json.loads(
        json.dumps(document({}, {}, "string")).replace(
            '"id": {"type": "integer"}', '"id": {"type": "string"}'
        )
    )
    for name in filter(None, hidden.split()):
        del told["paths"][HIDDEN[name]]["get"]
    removal = told["paths"]["/notes/{id}"]["delete"]["responses"]
    removal[answers] = removal.pop("204")
    return told


@pytest.mark.parametrize("hidden", ["", "list", "read"])
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
@pytest.mark.parametrize(
    ("reads", "own", "numbered"),
    [(lead, "uuid", True), (lead, "uuid", False), (first_digits, "uuid", True), (last_part, "slug", True)],
)
def test_one_row_at_most_is_lost(
    reads: Callable[[str], str], own: str, numbered: bool, method: str, hidden: str
) -> None:
    server = Keyed(reads, method, own, numbered)
    report = run(model_of(described(hidden)), server, 0)
    alarm = report.footer.alarm
    assert server.count_harmed() <= 1
    assert alarm is not None or not server.count_harmed()
    assert report.exit_code == (0 if alarm is None else 1 if alarm.verdict == "caused" else 3)
    named = " ".join(report.footer.left_behind)
    assert [id for id in server.list_left() if id not in named] == []


def test_it_is_said_which_call_missed_what_it_named() -> None:
    server = Keyed(lead, "DELETE")
    model = model_of(described("list"))
    report = run(model, server, 0)
    alarm = report.footer.alarm
    assert alarm is not None
    assert (alarm.verdict, alarm.calls[0].action, report.exit_code) == ("missed", "delete_note", 3)
    assert "MISSED WHAT IT NAMED" in render(report, model.source).splitlines()[2]
    assert alarm.rows[0].name.removeprefix("note ") in server.rows
    untried = [r for r in report.results if r.reason and "is there as it was" in r.reason]
    assert untried


@pytest.mark.parametrize(
    ("reads", "method", "own"),
    [(first_digits, "DELETE", "uuid"), (first_digits, "PATCH", "uuid"), (is_text, "any", "slug")],
)
def test_the_generated_module_names_nobody(
    reads: Callable[[str], str], method: str, own: str, tmp_path: Path
) -> None:
    """By a text without a digit, which a read shows to be nobody's where one can."""
    server = Keyed(reads, method, own, numbered=own == "uuid")
    with loopback(server) as url:
        run_module(model_of(described()), tmp_path / "out", url, PGAGENTS_ALLOW_WRITES="1")
    assert server.bodies
    assert not server.count_harmed()


class Trash(Keyed):
    """What is removed says so, and is still read."""

    def remove(self, id: str) -> tuple[int, Any]:
        self.rows[id] = {**self.rows[id], "status": "deleted"}
        return 204, None

    def listed(self) -> list[Row]:
        return [row for row in self.rows.values() if "status" not in row]

    def list_left(self) -> list[str]:
        return [id for id in super().list_left() if "status" not in self.rows[id]]


class Gone(Trash):
    """What was removed is answered with 410."""

    def show(self, id: str) -> tuple[int, Any]:
        row = self.rows.get(id, {})
        return (410, {"error": "gone"}) if "status" in row else super().show(id)


class Cached(Trash):
    """Reads show a removed note as it was; only the list lacks it."""

    def show(self, id: str) -> tuple[int, Any]:
        status, row = super().show(id)
        return status, {k: v for k, v in row.items() if k != "status"}


class Later(Keyed):
    """A removal is done three requests later, in reads and in the list."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[list[Any]] = []

    def __call__(self, request: Request) -> Response:
        for one in list(self.due):
            one[0] -= 1
            if not one[0]:
                self.rows.pop(one[1], None)
                self.due.remove(one)
        return super().__call__(request)

    def remove(self, id: str) -> tuple[int, Any]:
        self.due.append([3, id])
        return 204, None


class Accepted(Later):
    """The same, answered with 202."""

    def remove(self, id: str) -> tuple[int, Any]:
        super().remove(id)
        return 202, None


@pytest.mark.parametrize("hidden", ["", "list", "read"])
@pytest.mark.parametrize("kind", [Keyed, Trash, Gone, Cached, Later, Accepted])
def test_a_legal_removal_is_not_accused(kind: type[Keyed], hidden: str) -> None:
    if kind is Cached and hidden == "list":
        pytest.skip("nothing shows that it was removed")
    server = kind()
    told = described(hidden, "202" if kind is Accepted else "204")
    note = told["paths"]["/notes"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    note["properties"]["status"] = {"type": "string"}
    report = run(model_of(told), server, 0)
    assert report.footer.alarm is None
    assert not server.count_harmed()
    for one in getattr(server, "due", []):
        server.rows.pop(one[1], None)
    assert not server.list_left()


class Lasting(Keyed):
    """What a 202 removes is there for longer than anybody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def remove(self, id: str) -> tuple[int, Any]:
        self.asked.append(id)
        return 202, None


@pytest.mark.parametrize("hidden", ["list", "read"])
def test_removal_that_is_only_accepted_ends_no_other(hidden: str) -> None:
    server = Lasting()
    report = run(model_of(described(hidden, "202")), server, 0)
    assert report.footer.alarm is None
    assert len({*server.asked}) > 1


class Working(Keyed):
    """A change answers the id of the job that does it, and is done."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, told = super().answer(method, path, body, given)
        return status, {**told, "id": "job-77"} if method == "PATCH" and status == 200 else told


@pytest.mark.parametrize("hidden", ["", "list"])
def test_change_that_answers_the_id_of_its_job_is_not_accused(hidden: str) -> None:
    report = run(model_of(described(hidden)), Working(), 0)
    assert report.footer.alarm is None


class Pinned(Keyed):
    """What is pinned no answer shows, so that a note is as it was when its pin is removed."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if not path.endswith("/pin"):
            return super().answer(method, path, body, given)
        return (204, None) if path.split("/")[2] in self.rows else (404, {"error": "none"})


def test_a_removal_of_a_part_leaves_the_whole() -> None:
    server, told = Pinned(), described("list")
    removal = told["paths"]["/notes/{id}"]["delete"]
    told["paths"]["/notes/{id}/pin"] = {"delete": {**removal, "operationId": "unpin_note"}}
    report = run(model_of(told), server, 0)
    assert report.footer.alarm is None
    assert not server.list_left()
    assert not server.count_harmed()


class Lined(Keyed):
    """Notes with lines. A change of a line is answered with the note, as a depot of 2026-11-29 does, or with
    a `revision` of the line.
    """

    def __init__(self, revision: bool) -> None:
        super().__init__()
        self.revision = revision
        self.lines: dict[str, dict[str, Row]] = {}

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        note, lines, line = [*path.removeprefix("/notes/").split("/"), "", ""][:3]
        if lines != "lines" or path.count("/") > 4:
            return super().answer(method, path, body, given)
        if note not in self.rows:
            return 404, {"error": "none"}
        known = self.lines.setdefault(note, {})
        if method in ("POST", "PATCH") and not (isinstance(body, dict) and type(body.get("quantity")) is int):
            return 400, {"error": "bad"}
        if method == "POST" and not line:
            id = self.make_id()
            known[id] = {"id": id, "quantity": body["quantity"]}
            return 201, known[id]
        if method == "GET" and not line:
            return 200, list(known.values())
        if line not in known:
            return 404, {"error": "none"}
        if method == "PATCH":
            known[line]["quantity"] = body["quantity"]
            return 200, {"id": f"rev{self.make_id()}", "text": "changed"} if self.revision else self.rows[
                note
            ]
        return (204, known.pop(line) and None) if method == "DELETE" else (200, known[line])


@pytest.mark.parametrize("revision", [False, True])
def test_a_change_of_a_part_may_answer_the_whole(revision: bool) -> None:
    told = described()
    line = {
        "type": "object",
        "required": ["id", "quantity"],
        "properties": {"id": {"type": "string"}, "quantity": {"type": "integer"}},
    }
    amount = {"type": "object", "required": ["quantity"], "properties": {"quantity": {"type": "integer"}}}
    one, change = (
        json.loads(json.dumps(told["paths"]["/notes/{id}"][method]).replace("_note", "_line"))
        for method in ("get", "patch")
    )
    gone = json.loads(json.dumps(told["paths"]["/notes/{id}"]["delete"]).replace("_note", "_line"))
    around, at = ({**one["parameters"][0], "name": name} for name in ("note_id", "line_id"))
    for operation in (one, change, gone):
        operation["parameters"] = [around, at]
    change["requestBody"]["content"]["application/json"]["schema"] = amount
    one["responses"]["200"]["content"]["application/json"]["schema"] = line
    made = json.loads(json.dumps(told["paths"]["/notes"]["post"]).replace("create_note", "create_line"))
    every = json.loads(json.dumps(told["paths"]["/notes"]["get"]).replace("list_notes", "list_lines"))
    made["requestBody"]["content"]["application/json"]["schema"] = amount
    made["responses"]["201"]["content"]["application/json"]["schema"] = line
    every["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array", "items": line}
    made["parameters"] = every["parameters"] = [around]
    told["paths"]["/notes/{note_id}/lines"] = {"get": every, "post": made}
    told["paths"]["/notes/{note_id}/lines/{line_id}"] = {"get": one, "patch": change, "delete": gone}
    server = Lined(revision)
    report = run(model_of(told), server, 0)
    assert server.lines
    assert report.footer.alarm is None, report.footer.alarm


class Numbered(Notes):
    """Tasks have numbers in their team, and others in `/tasks/{id}`."""

    def __init__(self) -> None:
        super().__init__()
        self.teams, self.tasks = Notes(), dict[int, list[Row]]()

    def answer(self, method: str, path: str, body: Any, given: Row) -> tuple[int, Any]:
        found = re.fullmatch(r"/teams/(\d+)/tasks", path)
        if path.startswith("/tasks/"):
            return super().answer(method, path.replace("tasks", "notes"), body, given)
        if found is None:
            return self.teams.answer(method, path.replace("teams", "notes"), body, given)
        if int(found[1]) not in self.teams.notes or method not in ("GET", "POST"):
            return 404, {"error": "none"}
        tasks = self.tasks.setdefault(int(found[1]), [])
        if method == "GET":
            return 200, tasks
        status, made = super().answer(method, "/notes", body, given)
        if status == 201:
            tasks.append(made := {**made, "id": len(tasks) + 1})
        return status, made

    def count_harmed(self) -> int:
        older: Row = json.loads(self.at_start)
        return sum(self.notes.get(int(id)) != row for id, row in older.items())


def numbered(readable: bool) -> Schema:
    text = json.dumps(document({}, {})["paths"])
    teams, tasks = (json.loads(text.replace("note", noun)) for noun in ("team", "task"))
    at = {**tasks["/tasks/{id}"]["get"]["parameters"][0], "name": "team_id"}
    within = {method: {**operation, "parameters": [at]} for method, operation in tasks["/tasks"].items()}
    if not readable:
        del tasks["/tasks/{id}"]["get"]
    one = {"/teams/{team_id}/tasks": within, "/tasks/{id}": tasks["/tasks/{id}"]}
    return {**document({}, {}), "paths": {**teams, **one}}


@pytest.mark.parametrize("seed", [0, 1])
def test_what_a_read_by_its_number_shows_as_another_is_not_removed_at_the_end(seed: int) -> None:
    """The list of the team showed it with a mark; two tasks of others were removed by its numbers."""
    server = Numbered()
    report = run(model_of(numbered(readable=True)), server, seed)
    assert any(server.tasks.values())
    assert not server.count_harmed()
    assert not server.teams.changed()
    assert report.footer.left_behind


@pytest.mark.parametrize("seed", [0, 1])
def test_a_number_that_counts_in_a_team_removes_one_task_of_others_at_most(seed: int) -> None:
    """Four tasks were removed or changed by numbers that only their team knows, and nothing was told."""
    server = Numbered()
    report = run(model_of(numbered(readable=False)), server, seed)
    alarm = report.footer.alarm
    assert server.count_harmed() == 1
    assert alarm is not None
    assert (alarm.verdict, report.exit_code) == ("missed", 3)
