"""A PATCH of a part of an instance changes members of that part, and promises nothing about the instance."""

from __future__ import annotations

from typing import Any

from importing import imported, openapi
from pgagents.verify.checks.rest.partial_changes import CHECK
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
