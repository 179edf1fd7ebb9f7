"""A law of a create is tried at things of the run's own, not at each kind of thing that a list shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import answer, verified

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
ID = {"type": "string"}
LINE = {"type": "object", "required": ["id", "text"], "properties": {"id": ID, "text": TEXT}}
BILL = {
    "type": "object",
    "required": ["id", "kind", "lines"],
    "properties": {
        "id": ID,
        "kind": {"type": "string", "enum": ["open", "paid"]},
        "name": TEXT,
        "lines": {"type": "array", "items": LINE},
    },
}
WRONG = {"400": {"description": "Wrong"}, "404": {"description": "Not there"}}
ONE = [{"name": "bill_id", "in": "path", "required": True, "schema": TEXT}]
LAW = "actions: {create_bill_line: {laws: {same: response.text == input.text}}}"


def body(name: str) -> dict[str, Any]:
    return taking({"type": "object", "required": [name], "properties": {name: TEXT}})


def made(schema: Any) -> dict[str, Any]:
    return {"201": answering(schema)["200"], **WRONG}


DOCUMENT = openapi(
    {
        "/bills": {
            "get": {"responses": answering({"type": "array", "items": BILL})},
            "post": {"requestBody": body("name"), "responses": made(BILL)},
        },
        "/bills/{bill_id}": {
            "parameters": ONE,
            "get": {"responses": {**answering(BILL), **WRONG}},
            "delete": {"responses": {"204": {"description": "Done"}, **WRONG}},
        },
        "/bills/{bill_id}/lines": {
            "parameters": ONE,
            "post": {"requestBody": body("text"), "responses": made(LINE)},
        },
        "/bills/{bill_id}/lines/{line_id}": {
            "parameters": [*ONE, {**ONE[0], "name": "line_id"}],
            "get": {"responses": {**answering(LINE), **WRONG}},
            "delete": {"responses": {"204": {"description": "Done"}, **WRONG}},
        },
    }
)


class Bills:
    """Keeps bills with lines; two of them are of others, an open one and a paid one."""

    def __init__(self) -> None:
        kinds = {"b1": "open", "b2": "paid"}
        self.rows: dict[str, dict[str, Any]] = {
            id: {"id": id, "kind": kind, "name": "theirs", "lines": []} for id, kind in kinds.items()
        }
        self.lines = 0
        self.at: set[str] = set()
        """The bills at which a line was made."""

    def __call__(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")[1:]
        row = self.rows.get(parts[0]) if parts else None
        lines = [one for one in row["lines"] if [one["id"]] == parts[2:]] if row is not None else []
        if request.method == "GET":
            found: Any = row if parts else [*self.rows.values()]
            if parts[2:]:
                found = lines[0] if lines else None
            return answer(200, found) if found is not None else answer(404, {"detail": "none"})
        if parts and row is None:
            return answer(404, {"detail": "none"})
        if parts[2:] and row is not None and request.method == "DELETE":
            row["lines"] = [one for one in row["lines"] if one not in lines]
            return Response(204) if lines else answer(404, {"detail": "none"})
        if request.method == "DELETE":
            del self.rows[parts[0]]
            return Response(204)
        key = "text" if parts else "name"
        try:
            given = json.loads(request.body)[key]
        except (ValueError, TypeError, KeyError):
            given = None
        if not isinstance(given, str) or not 1 <= len(given) <= 40:
            return answer(400, {"detail": "wrong"})
        if row is not None:
            self.lines += 1
            self.at.add(parts[0])
            row["lines"].append({"id": f"l{self.lines}", "text": given})
            return answer(201, row["lines"][-1])
        id = f"b{len(self.rows) + self.lines + 10}"
        self.rows[id] = {"id": id, "kind": "open", "name": given, "lines": []}
        return answer(201, self.rows[id])


@pytest.mark.parametrize("only", [(), ("law",)], ids=["all checks", "laws"])
def test_no_line_is_made_at_a_bill_of_others(only: tuple[str, ...]) -> None:
    """A paid invoice of a FastAPI app was open again, as a law's check wrote a line to it, 2026-12-01."""
    server = Bills()
    report = verified(over(LAW, DOCUMENT), server, keys={}, allow_writes=True, only=only)
    found = {r.contract.id: r.verdict for r in report.results if r.contract.check == "law"}
    assert found["law/same/create_bill_line@rest"] is Verdict.KEPT
    assert server.lines, "one was made, or nothing is tested"
    assert server.rows.keys() == {"b1", "b2"}
    assert not server.at & {"b1", "b2"}
