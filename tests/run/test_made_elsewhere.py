"""What a POST makes that is of no resource is named in the end, since no call removes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from small_api import answer, verified

ID = {"type": "integer"}
ONE = {"name": "id", "in": "path", "required": True, "schema": ID}
KEY = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
ROW = {"type": "object", "required": ["id"], "properties": {"id": ID}}
LINK = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}}


def described(status: int, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {str(status): {"description": "So", **content}, "404": {"description": "No"}}


BOARDS: dict[str, Any] = {
    "/boards": {
        "get": {"responses": described(200, {"type": "array", "items": ROW})},
        "post": {"responses": described(201, ROW)},
    },
    "/boards/{id}": {
        "parameters": [ONE],
        "get": {"responses": described(200, ROW)},
        "delete": {"responses": described(204)},
    },
}


class Boards:
    """Keeps boards. A link to one stays when its board is removed; `key` gives its key."""

    def __init__(self, key: Any) -> None:
        self.key, self.rows, self.links = key, {"1": {"id": 1}}, list[str]()

    def __call__(self, request: Request) -> Response:
        match request.method, request.path.split("/")[1:]:
            case "GET", ["boards"]:
                return answer(200, [*self.rows.values()])
            case "POST", ["boards"]:
                made = {"id": max([9, *map(int, self.rows)]) + 1}
                self.rows[str(made["id"])] = made
                return answer(201, made)
            case "POST", ["boards", id, "permalink"] if id in self.rows:
                self.links.append(self.key(id, len(self.links)))
                return answer(201, {"key": self.links[-1]})
            case "GET", ["boards", "permalink", key] if key in self.links:
                return answer(200, {"state": {}})
            case "GET", ["boards", id] if id in self.rows:
                return answer(200, self.rows[id])
            case "DELETE", ["boards", id] if id in self.rows:
                del self.rows[id]
                return Response(204)
        return answer(404, {"detail": "none"})


@pytest.mark.parametrize(
    ("key", "named"),
    [(lambda _, n: f"k{n}", True), (lambda board, _: board, False)],
    ids=["a key of its own", "the id of the board"],
)
def test_what_is_read_at_another_path_is_named(key: Any, named: bool) -> None:
    """Superset 6.1.0 keeps the permalinks of removed dashboards, 2026-11-29."""
    paths: dict[str, Any] = {
        **BOARDS,
        "/boards/{id}/permalink": {"parameters": [ONE], "post": {"responses": described(201, LINK)}},
        "/boards/permalink/{key}": {
            "parameters": [KEY],
            "get": {"responses": described(200, {"type": "object", "properties": {"state": {}}})},
        },
    }
    server = Boards(key)
    report = verified(imported(openapi(paths)).model, server, keys={}, allow_writes=True)
    assert server.rows == {"1": {"id": 1}}
    assert server.links, "one was made, or nothing is tested"
    told = [text for text in report.footer.lasting if "permalink" in text]
    many = f"{len(server.links)} × row of POST /boards/{{id}}/permalink ({', '.join(server.links)})"
    assert told == ([many] if named else [])


class Postings(Boards):
    """Keeps what is posted to a board too, also when the board is removed."""

    def __init__(self) -> None:
        super().__init__(None)
        self.posted: list[int] = []

    def __call__(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", "/postings"):
            return super().__call__(request)
        body = json.loads(request.body or b"null")
        if not isinstance(body, dict) or str(body.get("boardId")) not in self.rows:
            return answer(404, {"detail": "none"})
        self.posted.append(body["boardId"])
        return answer(201, {"boardId": body["boardId"]})


def test_what_only_a_body_ties_to_a_removed_instance_is_counted() -> None:
    """A stock movement of an Express app stayed without its product, and was not named, 2026-12-01."""
    posting = {"type": "object", "required": ["boardId"], "properties": {"boardId": ID}}
    content = {"content": {"application/json": {"schema": posting}}, "required": True}
    paths: dict[str, Any] = {
        **BOARDS,
        "/postings": {"post": {"requestBody": content, "responses": described(201, posting)}},
    }
    server = Postings()
    report = verified(imported(openapi(paths)).model, server, keys={}, allow_writes=True)
    assert server.rows == {"1": {"id": 1}}
    assert server.posted, "one was made, or nothing is tested"
    assert report.footer.lasting == (f"{len(server.posted)} × POST /postings",)
