"""An id inside an argument, as in the lines of an order: a run names its own thing there, and tries an id
that nothing has.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

UUID = {"type": "string", "format": "uuid"}
DISH = {"type": "object", "required": ["id", "name"], "properties": {"id": UUID, "name": {"type": "string"}}}
NAMED = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 60}},
}
LINE = {
    "type": "object",
    "required": ["dishId", "quantity"],
    "properties": {"dishId": UUID, "quantity": {"type": "integer", "minimum": 1, "maximum": 99}},
}
LINES = {"type": "array", "minItems": 1, "items": LINE}
ORDER = {"type": "object", "required": ["id", "lines"], "properties": {"id": UUID, "lines": LINES}}


def says(schema: Any, status: str = "200") -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    refused = {code: {"description": "No"} for code in ("400", "404")}
    return {"responses": {status: {"description": "So", **content}, **refused}}


def asks(schema: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def of(noun: str, given: Any, shown: Any) -> dict[str, Any]:
    holder = {"name": f"{noun}Id", "in": "path", "required": True, "schema": UUID}
    return {
        f"/{noun}s": {
            "get": says({"type": "array", "items": shown}),
            "post": asks(given) | says(shown, "201"),
        },
        f"/{noun}s/{{{noun}Id}}": {
            "parameters": [holder],
            "get": says(shown),
            "delete": says(None, "204"),
        },
    }


def model() -> Model:
    ordered = {"type": "object", "required": ["lines"], "properties": {"lines": LINES}}
    return imported(openapi({**of("dish", NAMED, DISH), **of("order", ordered, ORDER)})).model


class Kitchen:
    """Keeps dishes and orders of them. `unknown` is the status of an order of a dish that it has not."""

    def __init__(self, unknown: int) -> None:
        older = str(uuid4())
        self.kept: dict[str, dict[str, Any]] = {"dishs": {older: {"id": older, "name": "soup"}}, "orders": {}}
        self.unknown = unknown

    def __call__(self, request: Request) -> Response:
        kind, _, id = request.path.strip("/").partition("/")
        rows = self.kept.get(kind)
        if rows is None or (id and id not in rows):
            return self._say(404)
        if request.method == "POST" and not id:
            body = read_json(request.body or b"").value
            status = self._refuse(kind, body)
            if status:
                return self._say(status)
            made = {"id": str(uuid4()), **body}
            rows[made["id"]] = made
            return self._say(201, made)
        if request.method == "DELETE" and id:
            del rows[id]
            return Response(204, (), b"")
        return (
            self._say(200, rows[id] if id else list(rows.values()))
            if request.method == "GET"
            else self._say(405)
        )

    def _refuse(self, kind: str, body: Any) -> int:
        if not isinstance(body, dict) or body.keys() != {"name" if kind == "dishs" else "lines"}:
            return 400
        if kind == "dishs":
            return 0 if isinstance(body["name"], str) and 1 <= len(body["name"]) <= 60 else 400
        lines = body["lines"]
        if not isinstance(lines, list) or not lines or not all(map(self._is_line, lines)):
            return 400
        return 0 if all(line["dishId"] in self.kept["dishs"] for line in lines) else self.unknown

    @staticmethod
    def _is_line(line: Any) -> bool:
        if not isinstance(line, dict) or line.keys() != {"dishId", "quantity"}:
            return False
        dish, quantity = line["dishId"], line["quantity"]
        return (
            isinstance(dish, str)
            and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", dish) is not None
            and type(quantity) is int
            and 1 <= quantity <= 99
        )

    def _say(self, status: int, body: Any = None) -> Response:
        return Response(
            status, (("Content-Type", "application/json"),), json_bytes({} if body is None else body)
        )


def test_an_import_names_the_runs_own_things_inside_an_argument() -> None:
    made_by = model().resources["order"].made_by
    assert made_by is not None
    assert str(made_by.input["lines"].wording) == '[{"dishId": (dish.id), "quantity": 1.0}]'


@pytest.mark.parametrize(("unknown", "found"), [(500, {Rank.CRASH}), (404, set()), (400, set())])
def test_what_hangs_on_an_inner_id_is_tried_and_an_id_that_nothing_has_too(
    unknown: int, found: set[Rank]
) -> None:
    kitchen, now = Kitchen(unknown), [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        model(), kitchen, Identities({}), Options(live=False, allow_writes=True), clock=lambda: now[0],
        sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url="http://127.0.0.1:1", timer=lambda: now[0],
    )  # fmt: skip
    firm = {f.rank: f.contract.id for f in report.findings if not f.is_mild}
    assert set(firm) == found
    assert set(firm.values()) <= {"no_crashes/create_order@rest"}
    untried = [
        r.contract.id for r in report.results if r.verdict is Verdict.UNTESTED and "order" in r.contract.id
    ]
    assert len(untried) < 10
    assert len(kitchen.kept["dishs"]) == 1
    assert kitchen.kept["orders"] == {}
