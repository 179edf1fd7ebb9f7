"""A null that was sent and reads as the server's own value does not make it somebody else's."""

from __future__ import annotations

from itertools import count
from typing import Any

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from shelves import ID, ONE, described
from small_api import answer, verified

SENT: dict[str, Any] = {
    "type": "object",
    "properties": {"managed": {"type": ["boolean", "null"]}, "uuid": {"type": ["string", "null"]}},
}
SHOWN: dict[str, Any] = {"type": "object", "properties": {"id": ID, **SENT["properties"]}}
OWN = {"managed": False, "uuid": "1f0c6a2e-5b1d-4c3f-9a77-0c2b1d3e4f50"}


def document() -> dict[str, Any]:
    content = {"requestBody": {"content": {"application/json": {"schema": SENT}}}}
    made = {"type": "object", "properties": {"id": ID, "result": SENT}}
    return openapi(
        {
            "/boards": {
                "get": {"responses": described(200, {"type": "array", "items": SHOWN})},
                "post": {**content, "responses": described(201, made)},
            },
            "/boards/{id}": {
                "parameters": [ONE],
                "get": {"responses": described(200, SHOWN)},
                "delete": {"responses": described(200)},
            },
        }
    )


def test_what_was_made_with_nulls_is_removed_though_they_read_as_defaults() -> None:
    """Superset 6.1.0, 2026-11-30: nine dashboards stayed."""
    rows: dict[str, dict[str, Any]] = {"1": {"id": 1, **OWN}}
    ids, made = count(2), list[Any]()

    def serve(request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        id = rest[0] if rest else ""
        if noun != "boards" or rest[1:] or (id and id not in rows):
            return answer(404, {"message": "Not found"})
        if request.method == "GET":
            return answer(200, rows[id] if id else [*rows.values()])
        if request.method == "DELETE" and id:
            del rows[id]
            return answer(200, {"message": "OK"})
        if request.method != "POST" or id:
            return answer(405, {"message": "no"}, Allow="GET, DELETE" if id else "GET, POST")
        body = read_json(request.body or b"{}")
        given = None if body.problem else body.value
        types = {"managed": bool, "uuid": str}
        if not isinstance(given, dict) or any(
            name not in types or not isinstance(value, (types[name], type(None)))
            for name, value in given.items()
        ):
            return answer(422, {"message": "no"})
        number = next(ids)
        made.append(given)
        sent = {name: value for name, value in given.items() if value is not None}
        rows[str(number)] = {"id": number, **OWN, **sent}
        return answer(201, {"id": number, "result": given})

    report = verified(imported(document()).model, serve, keys={}, allow_writes=True)
    assert any(given.get("managed", "") is None for given in made), made
    assert rows.keys() == {"1"}, report.footer.left_behind
