"""Loans are made and listed below a tool, and read under a path of their own: one kind, listed where it is
made. They go with their tool.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify


def says(schema: dict[str, Any] | None, status: str = "200") -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    refused = {str(other): {"description": "No"} for other in (400, 404)}
    return {"responses": {status: {"description": "So", **content}, **refused}}


def shape(**members: str) -> dict[str, Any]:
    properties = {name: {"type": kind, "nullable": True} for name, kind in members.items()}
    return {"type": "object", "required": [*members], "properties": properties}


def lists(item: dict[str, Any]) -> dict[str, Any]:
    return says({"type": "array", "items": item})


@cache
def model(kind: str = "integer") -> Model:
    given = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 60}},
    }
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": given}}}}
    tool, loan = shape(id=kind, name="string"), shape(id=kind, tool=kind, fee="integer")
    number = {"minimum": 1} if kind == "integer" else {}
    by_id = {"in": "path", "required": True, "schema": {"type": kind, **number}}
    of_tool, of_loan = {"name": "toolId", **by_id}, {"name": "loanId", **by_id}
    return imported(
        openapi(
            {
                "/tools": {"get": lists(tool), "post": {**body, **says(tool, "201")}},
                "/tools/{toolId}": {"parameters": [of_tool], "get": says(tool), "delete": says(None, "204")},
                "/tools/{toolId}/loans": {
                    "parameters": [of_tool],
                    "get": lists(loan),
                    "post": says(loan, "201"),
                },
                "/loans/{loanId}": {"parameters": [of_loan], "get": says(loan)},
            }
        )
    ).model


class Shed:
    """Keeps tools and loans. `left` says what becomes of the loans of a tool that went."""

    def __init__(self, left: str, kind: str = "integer") -> None:
        self.left, self.last, self.texts = left, 1, kind != "integer"
        self.prefix = "t-" if kind == "string" else ""
        self.tools: dict[int | str, dict[str, Any]] = {
            self._read("1"): {"id": self._read("1"), "name": "saw"}
        }
        self.loans: dict[int | str, dict[str, Any]] = {}

    def _read(self, id: str) -> int | str:
        if self.texts:
            return f"{self.prefix}{id.removeprefix(self.prefix)}"
        return int(id) if id.isdecimal() else id

    def __call__(self, request: Request) -> Response:
        path, _, _ = request.target.partition("?")
        kind, _, rest = path.strip("/").partition("/")
        id, _, below = rest.partition("/")
        rows = {"tools": self.tools, "loans": self.loans}.get(kind)
        if (
            rows is None
            or (rest and (id != str(key := self._read(id)) or key not in rows))
            or below not in ("", "loans")
        ):
            return self._say(404)
        if below and kind == "tools":
            mine = [loan for loan in self.loans.values() if loan["tool"] == self._read(id)]
            if request.method == "POST":
                return self._keep(self.loans, tool=self._read(id), fee=3)
            return self._say(200, mine) if request.method == "GET" else self._say(405)
        if not rest and kind == "tools" and request.method == "POST":
            given = read_json(request.body or b"").value
            name = given.get("name") if isinstance(given, dict) else None
            fits = isinstance(name, str) and len(name.encode("utf-16-le")) <= 120
            return self._keep(self.tools, name=name) if fits else self._say(400)
        if request.method == "GET" and kind == "tools":
            return self._say(200, rows[self._read(id)] if rest else [*rows.values()])
        if request.method == "GET" and rest:
            return self._say(200, rows[self._read(id)])
        if request.method == "DELETE" and rest and kind == "tools":
            del self.tools[self._read(id)]
            for one in [loan for loan in self.loans.values() if loan["tool"] == self._read(id)]:
                if self.left == "gone":
                    del self.loans[one["id"]]
                elif self.left == "loose":
                    one["tool"] = None
                elif self.left == "changed":
                    one["fee"] = None
            return Response(204, (), b"")
        return self._say(405)

    def _keep(self, rows: dict[int | str, dict[str, Any]], **members: Any) -> Response:
        self.last += 1
        id = self._read(str(self.last))
        rows[id] = {"id": id, **members}
        return self._say(201, rows[id])

    def _say(self, status: int, body: Any = None) -> Response:
        body = {"detail": "no"} if body is None else body
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(shed: Shed) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    of = model("string" if shed.texts else "integer")
    return verify(
        of, shed, Identities({}), Options(live=False, allow_writes=True),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )  # fmt: skip


def test_what_is_made_below_another_kind_is_listed_there_and_read_elsewhere() -> None:
    assert [*model().resources] == ["tool", "loan"]
    assert [str(call.action.path) for call in model().resources["loan"].listed_by] == [
        "/tools/{toolId}/loans"
    ]


@pytest.mark.parametrize(
    ("left", "found"), [("gone", set()), ("whole", {("nesting", Rank.ODD)}), ("loose", set())]
)
def test_a_part_that_is_read_elsewhere_goes_with_its_whole(left: str, found: set[tuple[str, Rank]]) -> None:
    shed = Shed(left)
    report = run(shed)
    assert {(f.contract.check, f.rank) for f in report.findings if f.rank is not Rank.COERCED} == found
    assert list(shed.tools) == [1]


@pytest.mark.parametrize(("kind", "found"), [("string", {"nesting"}), ("digits", set()), ("integer", set())])
def test_a_part_that_names_its_removed_whole_is_no_new_one(kind: str, found: set[str]) -> None:
    """A music school of 2026-11-29 shows such a lesson without a teacher. A number may be given anew."""
    report = run(Shed("changed", kind))
    assert {f.contract.check for f in report.findings if f.rank is not Rank.COERCED} == found
