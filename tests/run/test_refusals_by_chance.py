"""A refusal that a first call of the kind gets too proves nothing of the call that it was the answer to."""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from small_api import answer, verified

JSON = "application/json"
TEXT = {"type": "string"}
CODE = {"type": "string", "pattern": "^[A-D]{2}$"}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}


def shape(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def told(status: int, schema: Any, *refusals: int) -> dict[str, Any]:
    """Responses: the success with its schema, and these refusals."""
    every = {str(status): schema, **{str(refused): ERROR for refused in refusals}}
    return {s: {"description": "So", "content": {JSON: {"schema": each}}} for s, each in every.items()}


def post(name: str, body: Any, responses: dict[str, Any]) -> dict[str, Any]:
    sent = {"required": True, "content": {JSON: {"schema": body}}}
    return {"operationId": name, "summary": name, "requestBody": sent, "responses": responses}


@cache
def shelves() -> Model:
    """Shelves with labels; no two labels of the whole server have one code."""
    shelf, label = shape(id=TEXT, name=TEXT), shape(id=TEXT, code=CODE, shelf=TEXT)
    id = {"name": "shelf_id", "in": "path", "required": True, "schema": TEXT}
    every = {"operationId": "list_shelves", "summary": "Shelves"}
    one = {"operationId": "get_shelf", "summary": "Shelf"}
    labels = {"operationId": "list_labels", "summary": "Labels"}
    get_label = {"operationId": "get_label", "summary": "Label"}
    gone = {"204": {"description": "Gone"}, **told(404, ERROR)}
    return imported(openapi({
        "/shelves": {
            "get": {**every, "responses": told(200, {"type": "array", "items": shelf})},
            "post": post("make_shelf", shape(name={**TEXT, "maxLength": 60}), told(201, shelf, 400)),
        },
        "/shelves/{shelf_id}": {
            "parameters": [id], "get": {**one, "responses": told(200, shelf, 404)},
            "delete": {"operationId": "drop_shelf", "summary": "Drop", "responses": gone},
        },
        "/shelves/{shelf_id}/labels": {
            "parameters": [id], "post": post("make_label", shape(code=CODE), told(201, label, 400, 404, 409)),
            "get": {**labels, "responses": told(200, {"type": "array", "items": label}, 404)},
        },
        "/shelves/{shelf_id}/labels/{label_id}": {
            "parameters": [id, {**id, "name": "label_id"}],
            "get": {**get_label, "responses": told(200, label, 404)},
            "delete": {"operationId": "drop_label", "summary": "Drop", "responses": gone},
        },
    })).model  # fmt: skip


class Shelves:
    """The server, which says of each label on which shelf it is."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.shelves, self.labels = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()

    def __call__(self, request: Request) -> Response:
        parts, body = request.path.strip("/").split("/"), read_json(request.body).value
        if parts == ["shelves"] and request.method == "GET":
            return answer(200, list(self.shelves.values()))
        if parts == ["shelves"]:
            if not isinstance(body, dict) or not isinstance(body.get("name"), str) or len(body["name"]) > 60:
                return answer(400, {"detail": "no"})
            made = {"id": f"s{next(self.numbers)}", "name": body["name"]}
            self.shelves[made["id"]] = made
            return answer(201, made)
        if len(parts) < 2 or parts[1] not in self.shelves:
            return answer(404, {"detail": "no such shelf"})
        if len(parts) > 2:
            return self.label(request.method, parts, body)
        if request.method == "DELETE":
            del self.shelves[parts[1]]
            self.labels = {id: label for id, label in self.labels.items() if label["shelf"] != parts[1]}
            return Response(204, (), b"")
        return answer(200, self.shelves[parts[1]])

    def label(self, method: str, parts: list[str], body: Any) -> Response:
        own = {id: label for id, label in self.labels.items() if label["shelf"] == parts[1]}
        if len(parts) == 4:
            if parts[3] not in own:
                return answer(404, {"detail": "no such label"})
            if method == "DELETE":
                return Response(204, (), self.labels.pop(parts[3]) and b"")
            return answer(200, own[parts[3]])
        if method == "GET":
            return answer(200, list(own.values()))
        code = body.get("code") if isinstance(body, dict) else None
        if not isinstance(code, str) or not re.fullmatch("[A-D]{2}", code):
            return answer(400, {"detail": "no such code"})
        if any(label["code"] == code for label in self.labels.values()):
            return answer(409, {"detail": "there is one"})
        made = {"id": f"l{next(self.numbers)}", "code": code, "shelf": parts[1]}
        self.labels[made["id"]] = made
        return answer(201, made)


@pytest.mark.parametrize("seed", [3, 4, 8])
def test_a_code_that_meets_an_earlier_one_is_not_a_race(seed: int) -> None:
    report = verified(shelves(), Shelves(), allow_writes=True, seed=seed)
    told = [r for r in report.results if r.verdict in (Verdict.BROKEN, Verdict.ODD)]
    assert [r.contract.id for r in told] == []
