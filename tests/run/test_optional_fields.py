"""What FastAPI writes of an optional argument, a union with null, is held to its bounds like any other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response
from pgagents.base.jsonschema.combine import join_null
from pgagents.base.jsonschema.schema import REF
from pgagents.report.contract import Verdict
from small_api import answer, verified

NULL = {"type": "null"}
MAYBE = ["string", "null"]
TEXT = {"type": "string", "maxLength": 300}
LEVEL = {"type": "integer", "minimum": 1, "maximum": 8}
PUPIL = {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "string"}, "name": TEXT}}
GIVEN = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 40},
        "notes": {"anyOf": [TEXT, NULL], "title": "Notes"},
    },
}
WRONG = {"404": {"description": "Not there"}, "422": {"description": "Wrong"}}
ONE = [{"name": "pupil_id", "in": "path", "required": True, "schema": {"type": "string"}}]
DOCUMENT = openapi(
    {
        "/pupils": {
            "post": {"requestBody": taking(GIVEN), "responses": {"201": answering(PUPIL)["200"], **WRONG}}
        },
        "/pupils/{pupil_id}": {
            "parameters": ONE,
            "get": {"responses": {**answering(PUPIL), **WRONG}},
            "delete": {"responses": {"204": {"description": "Done"}, **WRONG}},
        },
    }
)


class School:
    """Keeps pupils. `bug`: a long text crashes it, or has no bound."""

    def __init__(self, bug: str) -> None:
        self.bug, self.rows = bug, dict[str, dict[str, str]]()

    def __call__(self, request: Request) -> Response:
        id = request.path.removeprefix("/pupils").strip("/")
        if request.method != "POST":
            if id not in self.rows:
                return answer(404, {"detail": "none"})
            return (
                Response(204)
                if request.method == "DELETE" and self.rows.pop(id)
                else answer(200, self.rows[id])
            )
        try:
            given = json.loads(request.body)
            name, notes = given["name"], given.get("notes")
        except (ValueError, TypeError, KeyError, AttributeError):
            return answer(422, {"detail": "wrong"})
        right = isinstance(name, str) and 1 <= len(name) <= 40
        bound = 300 if self.bug != "unbounded" else 10_000
        right = right and (notes is None or (isinstance(notes, str) and len(notes) <= bound))
        if not right:
            return answer(422, {"detail": "wrong"})
        if self.bug == "crash" and notes is not None and len(notes) > 255:
            return answer(500, {"detail": "value too long for type character varying(255)"})
        self.rows[f"p{len(self.rows)}{len(name)}{abs(hash(name))}"] = {}
        id = [*self.rows][-1]
        self.rows[id] = {"id": id, "name": name}
        return answer(201, self.rows[id])


@pytest.mark.parametrize(
    ("bug", "check"), [("", ""), ("crash", "no_crashes"), ("unbounded", "invalid_input")]
)
def test_bounds_of_an_optional_argument_are_tried(bug: str, check: str) -> None:
    """A FastAPI app of 2026-12-01 crashed at a text of 256 characters, which no call had."""
    report = verified(imported(DOCUMENT).model, School(bug), keys={}, allow_writes=True)
    broken = {r.contract.check for r in report.results if r.verdict is Verdict.BROKEN}
    assert check in broken if check else not broken
    kept = {r.contract.id for r in report.results if r.verdict is Verdict.KEPT}
    assert ("invalid_input/maxLength/notes/create_pupil@rest" in kept) is (bug != "unbounded")


@pytest.mark.parametrize(
    ("schema", "joined"),
    [
        ({"anyOf": [TEXT, NULL], "title": "T"}, {"type": MAYBE, "maxLength": 300, "title": "T"}),
        ({"oneOf": [NULL, {"$ref": f"{REF}Level"}]}, {**LEVEL, "type": ["integer", "null"]}),
        ({"anyOf": [{"type": "string", "enum": ["a"]}, NULL]}, {"type": MAYBE, "enum": ["a", None]}),
        ({"anyOf": [{"type": "string", "const": "a"}, NULL]}, {"type": MAYBE, "enum": ["a", None]}),
        ({"anyOf": [TEXT, NULL, LEVEL]}, None),
        ({"anyOf": [TEXT, LEVEL]}, None),
        ({"anyOf": [PUPIL, NULL]}, None),
        ({"anyOf": [TEXT, NULL], "minLength": 2}, None),
        (TEXT, None),
    ],
)
def test_a_scalar_or_null_is_one_schema(schema: dict[str, Any], joined: dict[str, Any] | None) -> None:
    assert join_null(schema, {"Level": LEVEL}) == joined
