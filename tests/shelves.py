"""A small server of one kind of rows, and its document, whose bodies have no required member."""

from __future__ import annotations

from itertools import count
from typing import Any

from importing import openapi
from pgagents.base.http import Request, Response, read_json
from small_api import answer

ID = {"type": "integer"}
TEXT = {"type": "string"}
ONE = {"name": "id", "in": "path", "required": True, "schema": ID}


def described(status: int, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    errors = {str(s): {"description": "No"} for s in (400, 404, 422)}
    return {str(status): {"description": "So", **content}, **errors}


def document(noun: str, sent: dict[str, Any], media: str, **further: Any) -> dict[str, Any]:
    """Return a document of one kind, whose body has no required member."""
    row = {"type": "object", "required": ["id"], "properties": {"id": ID}}
    made = {"requestBody": {"content": {media: {"schema": sent}}}, "responses": described(201, row)}
    listed = {"responses": described(200, {"type": "array", "items": row})}
    paths: dict[str, Any] = {
        f"/{noun}": {"get": listed, "post": made},
        f"/{noun}/{{id}}": {
            "parameters": [ONE],
            "get": {"responses": described(200, row)},
            "delete": {"responses": described(204)},
        },
        **further,
    }
    return openapi(paths)


class Shelf:
    """Keeps rows of one kind. `takes` answers a refusal of a create, or None."""

    def __init__(self, noun: str, takes: Any) -> None:
        self.noun, self.takes = noun, takes
        self.rows: dict[str, dict[str, Any]] = {"1": {"id": 1}}
        self._ids = count(2)

    def __call__(self, request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        id = rest[0] if rest else ""
        if noun != self.noun or len(rest) > 1 or (id and id not in self.rows):
            return answer(404, {"detail": "none"})
        if request.method == "GET":
            return answer(200, self.rows[id] if id else [*self.rows.values()])
        if request.method == "DELETE" and id:
            del self.rows[id]
            return Response(204)
        if request.method != "POST" or id:
            return answer(405, {"detail": "no such method"}, Allow="GET, DELETE" if id else "GET, POST")
        if (refusal := self.takes(request)) is not None:
            return refusal
        number, body = next(self._ids), read_json(request.body or b"{}").value
        self.rows[str(number)] = {**(body if isinstance(body, dict) else {}), "id": number}
        return answer(201, self.rows[str(number)])
