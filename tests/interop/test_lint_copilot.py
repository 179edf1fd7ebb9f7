"""`lint --for copilot` names the errors that Microsoft's own parser raises on the same document, and no
others of its names.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgagents.lint.document import read
from pgagents.lint.importers.copilot import judge, templates

pytestmark = pytest.mark.interop

Judge = Callable[..., Any]
TASK = {"type": "object", "properties": {"title": {"type": "string"}}}
BASE: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Tasks", "version": "1", "description": "Tasks"},
    "servers": [{"url": "https://tasks.example"}],
    "paths": {
        "/tasks": {
            "get": {
                "operationId": "listTasks",
                "description": "List",
                "responses": {"200": {"description": "ok"}},
            },
            "post": {
                "operationId": "addTask",
                "description": "Add",
                "requestBody": {"content": {"application/json": {"schema": TASK}}},
                "responses": {"201": {"description": "ok"}},
            },
        }
    },
    "components": {
        "securitySchemes": {
            "a": {"type": "http", "scheme": "bearer"},
            "b": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "basic": {"type": "http", "scheme": "basic"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
        }
    },
}


def changed(change: Callable[[Any], None]) -> Any:
    data = copy.deepcopy(BASE)
    change(data)
    return data


def at(*path: Any, value: Any) -> Any:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        if value is None:
            del data[path[-1]]
        else:
            data[path[-1]] = value

    return changed(change)


GET = ("paths", "/tasks", "get")
POST = ("paths", "/tasks", "post")
BODY = (*POST, "requestBody", "content")
VARIANTS = {
    "good": BASE,
    "3.0.4": at("openapi", value="3.0.4"),
    "3.1.0": at("openapi", value="3.1.0"),
    "3.1.1": at("openapi", value="3.1.1"),
    "type list": at(
        *BODY, "application/json", "schema", "properties", "title", value={"type": ["string", "null"]}
    ),
    "number for exclusiveMinimum": at(
        *BODY,
        "application/json",
        "schema",
        "properties",
        "title",
        value={"type": "number", "exclusiveMinimum": 1},
    ),
    "const": at(*BODY, "application/json", "schema", "properties", "title", value={"const": "a"}),
    "nullable": at(
        *BODY, "application/json", "schema", "properties", "title", value={"type": "string", "nullable": True}
    ),
    "relative server": at("servers", value=[{"url": "/v1"}]),
    "http server": at("servers", value=[{"url": "http://tasks.example"}]),
    "ftp server": at("servers", value=[{"url": "ftp://tasks.example"}]),
    "no server": at("servers", value=None),
    "empty servers": at("servers", value=[]),
    "server variables": at(
        "servers", value=[{"url": "https://{r}.tasks.example", "variables": {"r": {"default": "eu"}}}]
    ),
    "oneOf": at(*BODY, "application/json", "schema", value={"oneOf": [TASK, TASK]}),
    "nested": at(*BODY, "application/json", "schema", "properties", "title", value=TASK),
    "xml": at(*BODY, value={"application/xml": {"schema": TASK}}),
    "two schemes together": at(*POST, "security", value=[{"a": [], "b": []}]),
    "two schemes in turn": at(*POST, "security", value=[{"a": []}, {"b": []}]),
    "basic": at(*POST, "security", value=[{"basic": []}]),
    "cookie": at(*POST, "security", value=[{"cookie": []}]),
    "same id twice": at(*POST, "operationId", value="listTasks"),
    "no id": at(*POST, "operationId", value=None),
    "long id": at(*POST, "operationId", value="a" * 300),
    "no version": at("info", value={"title": "Tasks"}),
    "no paths": at("paths", value={}),
    "head": at(
        "paths",
        "/tasks",
        "head",
        value={"operationId": "headTasks", "responses": {"200": {"description": "ok"}}},
    ),
    "response without description": at(*GET, "responses", value={"200": {}}),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_errors_are_those_of_the_parser(name: str, node: Judge, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps(VARIANTS[name]), encoding="utf-8")
    theirs = node("judge_openapi.cjs", file)
    ours = judge(read(file.read_bytes(), file.name)).found
    ids = {d.id.partition("/")[2] for d in ours}
    whole = {id for id in ids if templates()[id].stage == "parser" and templates()[id].effect == "blocks"}
    of_operations = {
        id for id in ids if templates()[id].stage == "parser" and templates()[id].effect == "drops operation"
    }
    assert whole == set(theirs["errors"])
    reasons = {reason for operation in theirs["operations"] for reason in operation["reasons"]}
    assert of_operations == reasons - whole
