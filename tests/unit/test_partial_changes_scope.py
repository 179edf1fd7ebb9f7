"""A PATCH of a part of an instance changes members of that part, and promises nothing about the instance.

An answer that is composed by `allOf` promises what one in a piece does.
"""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.verify.checks.rest.partial_changes import CHECK
from pgagents.verify.run.gate import makes_credential
from pgagents.verify.setting import setting_of

TEXT = {"type": "string"}
POOL = {
    "type": "object", "required": ["id", "name"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "name": TEXT, "description": TEXT},
}  # fmt: skip
CHANGE = {"type": "object", "properties": {"name": TEXT, "description": TEXT}}


def in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def does(id: str, status: str, *names: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    shown = {"content": {"application/json": {"schema": POOL}}} if status != "204" else {}
    made = {"operationId": id, "summary": id, "parameters": [in_path(n) for n in names]}
    made["responses"] = {status: {"description": "So", **shown}}
    if body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return made


def test_only_a_path_that_ends_with_the_instance_promises_something_of_it() -> None:
    paths = {
        "/pools": {"post": does("makePool", "201", body={**CHANGE, "required": ["name"]})},
        "/pools/{pool_id}": {
            "get": does("getPool", "200", "pool_id"),
            "patch": does("changePool", "200", "pool_id", body=CHANGE),
        },
        "/pools/{pool_id}/queues/{queue}": {
            "patch": does("changeQueue", "204", "pool_id", "queue", body=CHANGE)
        },
        "/pools/{pool_id}/label": {"patch": does("changeLabel", "204", "pool_id", body=CHANGE)},
    }
    model = imported(openapi(paths, security=[])).model
    promised = {c.id for c in CHECK.promises(setting_of(model, "http://127.0.0.1:1"))}
    assert promised == {f"partial_changes/{what}/change_pool@rest" for what in ("named", "others")}


SHOWN: dict[str, Any] = {
    "own": {"id": TEXT, "made_at": TEXT},
    "given": {"name": TEXT, "description": TEXT, "token": TEXT},
}
PIECE = {"type": "object", "properties": SHOWN["given"] | SHOWN["own"]}
BASE, OWN = ({"type": "object", "properties": SHOWN[part]} for part in ("given", "own"))


@pytest.mark.parametrize(
    "shown",
    [PIECE, {"allOf": [{"$ref": "#/components/schemas/Base"}, OWN]}, {"allOf": [BASE], **OWN}],
    ids=["in a piece", "a base and more", "an extended base"],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_answer_made_of_parts_shows_the_members_of_all_of_them(
    shown: dict[str, Any], wrapped: bool
) -> None:
    whole = {"type": "object", "properties": {"data": shown}} if wrapped else shown
    answer = {"200": {"description": "So", "content": {"application/json": {"schema": whole}}}}
    change = {"required": True, "content": {"application/json": {"schema": CHANGE}}}
    item: dict[str, Any] = {"parameters": [in_path("id")], "get": {"operationId": "get_pool"}}
    paths: dict[str, Any] = {
        "/pools": {"post": {"operationId": "make_pool", "requestBody": change}},
        "/pools/{id}": item | {"patch": {"operationId": "change_pool", "requestBody": change}},
    }
    for operations in paths.values():
        for method in operations.keys() - {"parameters"}:
            operations[method]["responses"] = answer
    document = openapi(paths, security=[])
    document["components"] = document.get("components", {}) | {"schemas": {"Base": BASE}}
    model = imported(document).model
    promised = {c.id for c in CHECK.promises(setting_of(model, "http://127.0.0.1:1"))}
    assert promised == {f"partial_changes/{what}/change_pool@rest" for what in ("named", "others")}
    made = model.action("make_pool")
    assert made is not None
    assert makes_credential(model, made)
