"""What its create shows in an envelope is known again after a change, and after a removal that failed."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.verify.fixtures.instance import lay_open
from shelves import ID, TEXT, described
from small_api import answer, verified

SENT: dict[str, Any] = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
SHOWN: dict[str, Any] = {"type": "object", "properties": {"id": ID, "name": TEXT}}


def wrapped(inner: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**beside, "result": inner}}


def document() -> dict[str, Any]:
    body = {"requestBody": {"content": {"application/json": {"schema": SENT}}}}
    one = {"name": "pk", "in": "path", "required": True, "schema": ID}
    return openapi(
        {
            "/views/": {
                "get": {"responses": described(200, wrapped({"type": "array", "items": SHOWN}))},
                "post": {**body, "responses": described(201, wrapped(SENT, id=ID))},
            },
            "/views/{pk}": {
                "parameters": [one],
                "get": {"responses": described(200, wrapped(SHOWN))},
                "put": {**body, "responses": described(200, wrapped(SENT))},
                "delete": {"responses": described(200)},
            },
        }
    )


@pytest.mark.parametrize(
    ("known", "compared"),
    [
        ({"result": {"name": "a"}}, {"name": "a"}),
        ({"result": {"name": "a"}, "name": "c"}, {"name": "c"}),
        ({"result": {"name": "a", "code": 1}}, {"result": {"name": "a", "code": 1}}),
        ({"result": {}, "also": "a", "none": None}, {"result": {}, "also": "a", "none": None}),
        ({"name": {"name": "a"}}, {"name": {"name": "a"}}),
    ],
)
def test_what_a_read_shows_of_an_envelope_is_compared_as_it_shows_it(
    known: dict[str, Any], compared: dict[str, Any]
) -> None:
    assert lay_open(known, {"id": 1, "name": "b"}) == compared


def test_what_a_change_gave_it_tells_it_where_its_create_has_an_envelope() -> None:
    """Superset 6.1.0, 2026-11-29: 320 reads of one view name, which stayed."""
    rows: dict[str, dict[str, Any]] = {"1": {"id": 1, "name": "old"}}
    ids, reads = count(2), list[str]()

    def serve(request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        id = rest[0] if rest else ""
        if noun != "views" or rest[1:] or (id and id not in rows) or not rest:
            return answer(404, {"message": "Not found"})
        if request.method == "GET":
            reads.append(id)
            return answer(200, {"result": rows[id] if id else [*rows.values()]})
        if request.method == "DELETE" and id:
            del rows[id]
            return answer(200, {"message": "OK"})
        given = read_json(request.body or b"{}").value
        if request.method != ("PUT" if id else "POST"):
            return answer(405, {"message": "no"}, Allow="GET, PUT, DELETE" if id else "GET, POST")
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            return answer(422, {"message": {"name": ["Missing data for required field."]}})
        if any(row["name"] == given["name"] for row in rows.values()):
            return answer(422, {"message": "taken"})
        number = int(id) if id else next(ids)
        rows[str(number)] = {"id": number, "name": given["name"]}
        return answer(200 if id else 201, {"id": number, "result": {"name": given["name"]}})

    verified(imported(document()).model, serve, keys={}, allow_writes=True)
    assert rows == {"1": {"id": 1, "name": "old"}}
    most = max(reads.count(id) for id in {*reads} - {"", "1"})
    assert most < 40, most
