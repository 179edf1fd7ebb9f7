"""What coding agents met on right servers: lines that say what is true cost no contract and find nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.cel import expression
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.fixtures.marks import Marks
from pgagents.verify.fixtures.target import as_called, shows_moved
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.call import InstanceRef

FIRST, SECOND, URL = "test_k1a2b3c4d5e6f70819", "test_k2b3c4d5e6f7081920", "http://127.0.0.1:1"
TIME = {"type": "string", "format": "date-time", "description": "When it was made"}
NUMBER = {"type": "integer", "minimum": 1}
TITLE = {
    "type": "object",
    "required": ["id", "name", "made_at"],
    "properties": {
        "id": NUMBER,
        "name": {"type": "string"},
        "state": {"type": "string", "enum": ["open"]},
        "made_at": TIME,
    },
}
HOLD = {
    "type": "object",
    "required": ["id", "title_id", "made_at"],
    "properties": {"id": NUMBER, "title_id": NUMBER, "made_at": TIME},
}
NAME = {"type": "string", "minLength": 1, "maxLength": 80}
CHANGE = {"type": "object", "minProperties": 1, "properties": {"name": NAME}, "additionalProperties": False}
REFUSED = {str(status): {"description": "No"} for status in (401, 404, 422)}
ID = {"name": "title_id", "in": "path", "required": True, "schema": NUMBER}
LINES = """
auth: {roles: {second: {description: Another library, project: second}}}
errors: {inferred: false, framework: {invalid: UNPROCESSABLE, no_key: UNAUTHORIZED, bad_body: UNPROCESSABLE}}
actions:
  list_holds: {input: {title_id: {refers_to: title}}}
  place_hold: {input: {title_id: {refers_to: title}}}
  change_title: {input: {title_id: {refers_to: title, otherwise: NOT_FOUND}}}
resources:
  title:
    made_by: {action: make_title, input: {name: =fresh.text}}
    read_by: {action: get_title, input: {title_id: =resource.id}}
    listed_by: {action: list_titles, at: response}
    absent: 2147483647
    missing: NOT_FOUND
    tenant: true
    fixed: [id, made_at]
  hold:
    made_by: {action: place_hold, input: {title_id: =title.id}}
    listed_by: {action: list_holds, at: response}
    found_by: {action: list_holds, at: response}
    missing: NOT_FOUND
    tenant: true
    fixed: [id, made_at]
"""


def model(lines: str = LINES) -> Model:
    object_of = {"type": "object", "additionalProperties": False}
    named = {**object_of, "required": ["name"], "properties": {"name": NAME}}
    of_title = {**object_of, "required": ["title_id"], "properties": {"title_id": NUMBER}}
    query = {"name": "title_id", "in": "query", "schema": NUMBER}
    paths = {
        "/titles": {
            "get": {"operationId": "list_titles", "responses": answering({"type": "array", "items": TITLE})},
            "post": {"operationId": "make_title", "requestBody": taking(named), "responses": _made(TITLE)},
        },
        "/titles/{title_id}": {
            "parameters": [ID],
            "get": {"operationId": "get_title", "responses": answering(TITLE) | REFUSED},
            "patch": {
                "operationId": "change_title",
                "requestBody": taking(CHANGE),
                "responses": answering(TITLE) | REFUSED,
            },
        },
        "/holds": {
            "get": {
                "operationId": "list_holds",
                "parameters": [query],
                "responses": answering({"type": "array", "items": HOLD}) | REFUSED,
            },
            "post": {"operationId": "place_hold", "requestBody": taking(of_title), "responses": _made(HOLD)},
        },
    }  # fmt: skip
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    document = openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])
    return over(lines, document)


def _made(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"201": answering(schema)["200"], **REFUSED}


class Library:
    """A right server, whose times are all different; `shows` are the holds of a list for a title."""

    def __init__(self, shows: Callable[[list[Any], int, str], list[Any]] | None = None) -> None:
        self.titles: dict[int, tuple[str, dict[str, Any]]] = {}
        self.holds: dict[int, tuple[str, dict[str, Any]]] = {}
        self._ids, self.shows = count(1), shows

    def __call__(self, request: Request) -> Response:
        key = (request.header("Authorization") or "").rpartition(" ")[2]
        if key not in (FIRST, SECOND):
            return _answer(401, {})
        path, _, query = request.target.partition("?")
        body = read_json(request.body) if request.method in ("POST", "PATCH") else None
        given: Any = body.value if body is not None and not body.problem else None
        if body is not None and not isinstance(given, dict):
            return _answer(422, {})
        mine = {id: title for id, (owner, title) in self.titles.items() if owner == key}
        if path == "/titles" and request.method == "GET":
            return _answer(200, list(mine.values()))
        if path == "/titles" and request.method == "POST":
            return self._make(self.titles, key, given, "name", str)
        if path == "/holds" and request.method == "POST":
            asked = given.get("title_id")
            if set(given) == {"title_id"} and type(asked) is int and asked > 0 and asked not in mine:
                return _answer(404, {})
            return self._make(self.holds, key, given, "title_id", int)
        if path == "/holds" and request.method == "GET":
            return self._list(key, query)
        last = path.removeprefix("/titles/")
        if not last.isdecimal():
            return _answer(422 if path.startswith("/titles/") else 404, {})
        if int(last) not in mine:
            return _answer(404, {})
        if request.method == "PATCH":
            if (
                set(given) != {"name"}
                or not isinstance(given["name"], str)
                or not 0 < len(given["name"]) <= 80
            ):
                return _answer(422, {})
            mine[int(last)]["name"] = given["name"]
        return _answer(200, mine[int(last)])

    def _make(self, kept: Any, key: str, given: Any, name: str, kind: type) -> Response:
        value: Any = given.get(name)
        good = (
            set(given) == {name}
            and type(value) is kind
            and (value > 0 if kind is int else 0 < len(value) <= 80)
        )
        if not good:
            return _answer(422, {})
        id = next(self._ids)
        kept[id] = (
            key,
            {"id": id, name: value, "made_at": f"2026-11-27T10:{id // 60 % 60:02}:{id % 60:02}Z"},
        )
        return _answer(201, kept[id][1])

    def _list(self, key: str, query: str) -> Response:
        asked = query.removeprefix("title_id=")
        if asked and not asked.isdecimal():
            return _answer(422, {})
        found = [hold for owner, hold in self.holds.values() if owner == key]
        if asked:
            found = [hold for hold in found if hold["title_id"] == int(asked)]
            if self.shows is not None:
                found = self.shows([hold for _, hold in self.holds.values()], int(asked), key)
        return _answer(200, found)


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(server: Library, *only: str, lines: str = LINES) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(lines), server, Identities({"main": FIRST, "second": SECOND}),
        Options(live=False, allow_writes=True, only=only),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict) for result in report.results}


def test_right_server_keeps_what_true_lines_say() -> None:
    report = run(Library(), "absent_id", "framework", "valid_calls", "consistent_representations")
    assert [(str(f.contract.id), f.actual) for f in report.findings] == []
    said = verdicts(report)
    for contract in (
        "absent_id/unknown/title_id/place_hold@rest",  # a number stays one in a body
        "absent_id/unknown/title_id/list_holds@rest",  # a filter finds nothing
        "absent_id/foreign/title_id/list_holds@rest",
        "framework/null_body@rest",  # wrong on purpose
        "framework/no_object@rest",
        "valid_calls/minimal/change_title@rest",  # minProperties, beside a line about another argument
    ):
        assert said.get(contract) == "kept", (contract, said.get(contract))


def test_filter_that_shows_what_is_of_another_is_exposed() -> None:
    everything = Library(
        lambda _, asked, __: [{"id": 7, "title_id": asked, "made_at": "2026-01-01T00:00:00Z"}]
    )
    report = run(everything, "absent_id/foreign/title_id/list_holds@rest")
    assert [(f.contract.id, str(f.rank)) for f in report.findings] == [
        ("absent_id/foreign/title_id/list_holds@rest", "exposed")
    ]


def test_line_about_one_argument_leaves_the_document_of_the_others() -> None:
    document = model().document
    assert document is not None
    request = document.find_request("change_title")
    assert request is not None
    assert request.body is not None
    assert request.body.judge({}) is False
    narrower = model(
        LINES.replace("title_id: {refers_to: title, otherwise: NOT_FOUND}", "name: {maxLength: 5}")
    )
    assert narrower.document is not None
    request = narrower.document.find_request("change_title")
    assert request is not None
    assert request.body is None
    assert request.params


MOVES = """    state: state
    states: [open]
    initial: open
    moves: {place_hold: {from: [open], to: open, otherwise: UNPROCESSABLE}}
"""


def test_move_that_makes_something_else_does_not_answer_the_moved_thing() -> None:
    loaded = model(LINES.replace("    fixed: [id, made_at]\n", f"    fixed: [id, made_at]\n{MOVES}", 1))
    place = loaded.action("place_hold")
    assert place is not None
    assert [m.action.name for m in loaded.resources["title"].moves] == ["place_hold"]
    assert not shows_moved(loaded, loaded.resources["title"], place)
    moved = model(
        LINES.replace(
            "    fixed: [id, made_at]\n",
            f"    fixed: [id, made_at]\n{MOVES.replace('place_hold', 'change_title')}",
            1,
        )
    )
    change = moved.action("change_title")
    assert change is not None
    assert shows_moved(moved, moved.resources["title"], change)


def test_recipes_of_the_skill_make_two_values_that_the_run_knows_again() -> None:
    skill = (Path(__file__).parents[2] / "skills" / "pgagents" / "SKILL.md").read_text(encoding="utf-8")
    recipes = re.findall(r"`=([^`]*\bfresh\.\w+\b[^`]*\([^`]*|[^`]*\([^`]*fresh\.\w+[^`]*)`", skill)
    assert len(recipes) == 2, recipes
    marks = Marks("f500ac0ed7318c88")
    for recipe in recipes:
        built = expression.compile(recipe, ("fresh",))
        values = []
        for _ in range(70):
            made = {kind: marks.fresh(kind, lambda _: True) for kind in ("text", "int")}
            values.append(expression.Scope({"fresh": made}).evaluate(built))
            marks.note_made_of(values[-1], made.values())
        assert len(set(values)) == len(values)
        assert all(map(marks.is_marked, values))
    marks.note_made_of("22", ["pgv-f500ac0ed7318c88-1"])
    assert not marks.is_marked("22")


STATES = """    state: state
    states: [open, closed]
    initial: open
    moves:
      change_title: {from: [closed], to: open, otherwise: UNPROCESSABLE}
      place_hold: {from: [closed], otherwise: UNPROCESSABLE}
"""


def test_call_is_made_where_its_transition_may_begin_and_on_what_has_none_of_it_yet() -> None:
    lines = LINES.replace("    fixed: [id, made_at]\n", f"    fixed: [id, made_at]\n{STATES}", 1)
    unique = "    unique: [{members: [title_id], otherwise: UNPROCESSABLE}]\n"
    loaded = model(f"{lines.rstrip()}\n{unique}")
    wanted = InstanceRef("title", fresh=True)
    for name, states, parts in (
        ("change_title", ("closed",), ()),
        ("place_hold", ("closed",), (("hold", False),)),
        ("list_holds", ("open",), ()),
    ):
        action = loaded.action(name)
        assert action is not None
        found = as_called(loaded, action, wanted)
        assert (found.states, found.parts, found.fresh) == (states, parts, True), name
