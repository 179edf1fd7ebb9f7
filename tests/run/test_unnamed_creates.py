"""What a create makes and does not name is known by its mark in the list."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from shelves import ID, TEXT, described
from small_api import answer, verified

SENT: dict[str, Any] = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
SHOWN: dict[str, Any] = {"type": "object", "properties": {"id": ID, "name": TEXT}}


def document(*shown: str) -> dict[str, Any]:
    body = {"requestBody": {"content": {"application/json": {"schema": SENT}}}}
    made = {"type": "object", "properties": {name: SHOWN["properties"].get(name, TEXT) for name in shown}}
    one = {"name": "pk", "in": "path", "required": True, "schema": ID}
    return openapi(
        {
            "/tags": {
                "get": {"responses": described(200, {"type": "array", "items": SHOWN})},
                "post": {**body, "responses": described(201, made)},
            },
            "/tags/{pk}": {
                "parameters": [one],
                "get": {"responses": described(200, SHOWN)},
                "put": {**body, "responses": described(200, SHOWN)},
                "delete": {"responses": described(204)},
            },
        }
    )


class Tags:
    """Keeps tags. Its creates answer no id, as Superset's; its list has at most `most` rows."""

    def __init__(self, most: int, *, replaces: bool = False, says: str = "") -> None:
        self.rows: dict[str, dict[str, Any]] = {str(n): {"id": n, "name": f"old {n}"} for n in (1, 2, 3)}
        self.most, self.replaces, self.ids, self.made = most, replaces, count(4), 0
        self.answer = {"message": says} if says else {}

    def __call__(self, request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        id = rest[0] if rest else ""
        if noun != "tags" or rest[1:] or (id and id not in self.rows):
            return answer(404, {"message": "Not found"})
        if request.method == "GET":
            return answer(200, self.rows[id] if id else [*self.rows.values()][: self.most])
        if request.method == "DELETE" and id:
            del self.rows[id]
            return Response(204)
        if request.method != ("PUT" if id else "POST"):
            return answer(405, {"message": "no"}, Allow="GET, PUT, DELETE" if id else "GET, POST")
        given = read_json(request.body or b"{}").value
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            return answer(422, {"message": {"name": ["Missing data for required field."]}})
        if id:
            self.rows[id]["name"] = given["name"]
            return answer(200, self.rows[id])
        self.made += 1
        number = 3 if self.replaces else next(self.ids)
        self.rows[str(number)] = {"id": number, "name": given["name"]}
        return answer(201, self.answer)


@pytest.mark.parametrize(
    ("tags", "shown", "known"),
    [
        (Tags(50), "id name", True),
        (Tags(3), "id name", False),
        (Tags(50, replaces=True), "id name", False),
        (Tags(50, says="created"), "message", True),
        (Tags(3, says="created"), "message", False),
        (Tags(50, replaces=True, says="created"), "message", False),
    ],
)
def test_list_names_what_a_create_made(tags: Tags, shown: str, known: bool) -> None:
    """Superset 6.1.0, 2026-11-29: 92 contracts of tags waited for an id, and 150 of users and groups."""
    report = verified(imported(document(*shown.split())).model, tags, keys={}, allow_writes=True)
    verdicts = {result.contract.id: result.verdict for result in report.results}
    changes = [verdicts[f"valid_calls/ordinary/{name}@rest"] for name in ("replace_tag", "delete_tag")]
    assert all(verdict is Verdict.KEPT for verdict in changes) is known
    assert known or not any(verdict is Verdict.KEPT for verdict in changes)
    assert known or tags.made <= 2
    assert {"1", "2"} <= tags.rows.keys()
    assert not known or [row["name"] for row in tags.rows.values()] == ["old 1", "old 2", "old 3"]


def test_a_create_that_a_key_may_not_call_is_not_tried_for_each_promise() -> None:
    """LNbits 1.6.2 answered 403 to 209 creates of a user, 2026-11-29."""
    tags, refused = Tags(50), list[Request]()

    def serve(request: Request) -> Response:
        if request.method == "POST" and request.path == "/tags":
            refused.append(request)
            return answer(403, {"message": "User not authorized. No admin privileges."})
        return tags(request)

    report = verified(imported(document("id", "name")).model, serve, keys={}, allow_writes=True)
    reasons = {result.reason for result in report.results if result.verdict is Verdict.UNTESTED}
    assert any("no tag could be made: create_tag answered 403" in reason for reason in reasons)
    assert len(refused) < 40
