"""Tool files for Gemini and Grok: what their vendors ask, and that a documented call still fits."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from loading import read_once
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build, targets
from pgagents.generate.target import Target

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"
CATALOGUES = {"park_graph": ROOT / "catalogue" / "park_graph.yaml", "shop": SHOP}
TOOLS = [
    "gemini/functions.json",
    "gemini/functions.jsonschema.json",
    "xai/tools.chat.json",
    "xai/tools.responses.json",
]


@pytest.fixture(scope="module", params=CATALOGUES)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return read_once(CATALOGUES[request.param])


def _documents(model: Model) -> dict[str, Any]:
    built = build(model, only=["gemini", "xai"])
    assert not [d for d in built.diagnostics if d.severity == "error"]
    return {a.path: json.loads(a.data) for a in built.artifacts()}


@pytest.fixture(scope="module")
def documents(model: Model) -> dict[str, Any]:
    """Its tool files."""
    return _documents(model)


def _functions(document: Any) -> list[dict[str, Any]]:
    """The declarations of a file, in one form: name, description, parameters and response."""
    if isinstance(document, dict):
        return [
            {
                "name": d["name"],
                "description": d["description"],
                "parameters": d.get("parameters") or d.get("parametersJsonSchema"),
                "response": d.get("response") or d.get("responseJsonSchema"),
            }
            for d in document["functionDeclarations"]
        ]
    return [tool.get("function", tool) for tool in document]


def _standard(schema: Any) -> Any:
    """A Gemini Schema as JSON Schema."""
    if isinstance(schema, list):
        return [_standard(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {
        k: ({n: _standard(m) for n, m in v.items()} if k == "properties" else _standard(v))
        for k, v in schema.items()
    }
    if isinstance(out.get("type"), str):
        out["type"] = [out["type"].lower(), *(["null"] if out.pop("nullable", False) else [])]
    return out


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for part in schema:
            yield from _objects(part)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key == "properties":
                for member in value.values():
                    yield from _objects(member)
            elif key in ("items", "anyOf", "oneOf", "additionalProperties"):
                yield from _objects(value)


def test_every_action_of_the_surface_is_there_once_in_every_file(
    model: Model, documents: dict[str, Any]
) -> None:
    for path in TOOLS:
        names = [f["name"] for f in _functions(documents[path])]
        assert names == [a.name for a in model.surfaces[path.split("/")[0]].actions]
        assert len({n.lower() for n in names}) == len(names)


def test_names_are_what_every_vendor_takes(documents: dict[str, Any]) -> None:
    for path in TOOLS:
        for function in _functions(documents[path]):
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", function["name"])


def test_all_files_ask_for_the_same_arguments(documents: dict[str, Any]) -> None:
    """Members, required members and enums of text are one for every vendor."""
    shapes = []
    for path in TOOLS:
        shapes.append(
            [
                (
                    f["name"],
                    sorted((f["parameters"] or {}).get("properties", {})),
                    sorted((f["parameters"] or {}).get("required", ())),
                )
                for f in _functions(documents[path])
            ]
        )
    assert all(shape == shapes[0] for shape in shapes)


def test_headers_are_left_to_the_client(model: Model, documents: dict[str, Any]) -> None:
    headers = {p.name for a in model.actions for p in a.params if p.place == "header"}
    for path in TOOLS:
        for function in _functions(documents[path]):
            assert not headers & set((function["parameters"] or {}).get("properties", {}))
    if headers:
        view = targets()["xai/tools_chat"].view(model)  # type: ignore[call-arg]  # a Target, not a Summary
        assert "client" in {loss.went for loss in view.losses}


def _calls(action: Action) -> Iterator[dict[str, Any]]:
    for example in action.examples:
        if example.status < 300:
            yield {k: v for k, v in example.input.items() if (p := action.param(k)) and p.place != "header"}


@pytest.mark.parametrize("path", TOOLS)
def test_a_documented_call_is_one_that_the_model_may_make(
    path: str, model: Model, documents: dict[str, Any]
) -> None:
    tried = 0
    for function in _functions(documents[path]):
        action = model.action(function["name"])
        assert action
        schema = _standard(function["parameters"] or {})
        for call in _calls(action):
            jsonschema_rs.Draft202012Validator(schema).validate(call)
            tried += 1
    assert tried >= 2


@pytest.mark.parametrize("path", TOOLS[:2])
def test_a_documented_answer_is_as_declared(path: str, model: Model, documents: dict[str, Any]) -> None:
    for function in _functions(documents[path]):
        action = model.action(function["name"])
        assert action
        for example in action.examples:
            if example.status == action.success.status and example.output is not None:
                jsonschema_rs.Draft202012Validator(_standard(function["response"])).validate(example.output)


def test_every_object_for_grok_says_whether_it_is_open(documents: dict[str, Any]) -> None:
    for path in TOOLS[2:]:
        for function in _functions(documents[path]):
            for schema in _objects(function["parameters"]):
                if "object" in (schema.get("type") or ()):
                    assert "additionalProperties" in schema


def test_grok_is_told_of_no_strict_mode(documents: dict[str, Any]) -> None:
    for path in TOOLS[2:]:
        assert "strict" not in json.dumps(documents[path])


def test_members_are_ordered_for_gemini_and_required_ones_exist(documents: dict[str, Any]) -> None:
    for function in _functions(documents[TOOLS[0]]):
        for root in (function["parameters"], function["response"]):
            for schema in _objects(root or {}):
                assert set(schema.get("required", ())) <= set(schema.get("properties", ()))
                if "properties" in schema:
                    assert schema["propertyOrdering"] == list(schema["properties"])


def test_what_must_be_confirmed_says_so(model: Model, documents: dict[str, Any]) -> None:
    for path in TOOLS:
        for function in _functions(documents[path]):
            action = model.action(function["name"])
            assert action
            if action.confirm_body is not None:
                assert "Ask the user before calling" in function["description"]


# changed catalogues


def _changed(**changes: Any) -> Model:
    data: Any = parse(SHOP.read_text(encoding="utf-8")).data
    for place, value in changes.items():
        *path, last = place.split("__")
        here = data
        for step in path:
            here = here[step]
        here[last] = value
    return load_text(yaml.safe_dump(data, sort_keys=False), "shop.yaml")


def test_an_action_without_arguments_is_declared_as_the_vendor_asks() -> None:
    plain = {
        "title": "Ping",
        "description": "Ping.",
        "http": "GET /ping",
        "effect": "read",
        "output": {200: None},
        "examples": {"one": {}},
    }
    documents = _documents(
        _changed(
            actions__ping=plain, surfaces__gemini={"actions": ["ping"]}, surfaces__xai={"actions": ["ping"]}
        )
    )
    assert documents["gemini/functions.json"] == {
        "functionDeclarations": [{"name": "ping", "description": "Ping."}]
    }
    assert documents["gemini/functions.jsonschema.json"] == {
        "functionDeclarations": [{"name": "ping", "description": "Ping."}]
    }
    for function in (_functions(documents[path])[0] for path in TOOLS[2:]):
        assert function["parameters"] == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize("name", ["has-dash", "1st", "x" * 65, "créer"])
def test_a_name_that_a_vendor_refuses_is_refused(name: str) -> None:
    texts = {"gemini": {"name": name}, "xai": {"name": name}}
    found = build(_changed(actions__search_products__texts=texts), only=["gemini", "xai"]).diagnostics
    assert {d.id for d in found} == {
        "gemini/functions/refused",
        "gemini/functions_jsonschema/refused",
        "xai/tools_chat/refused",
        "xai/tools_responses/refused",
    }
    assert all(d.severity == "error" for d in found)


@pytest.mark.parametrize(("count", "noted"), [(128, False), (129, True)])
def test_more_tools_than_a_vendor_takes_are_noted(count: int, noted: bool) -> None:
    action = {"title": "T", "description": "D.", "effect": "read", "output": {200: None}}
    actions = {f"act_{n}": {**copy.deepcopy(action), "http": f"GET /a{n}"} for n in range(count)}
    model = _changed(
        actions=actions, surfaces={"gemini": {}, "xai": {}}, resources={}, workflows={}, groups={}
    )
    found = [d for d in build(model, only=["gemini", "xai"]).diagnostics if d.id.endswith("/limit")]
    assert bool(found) == noted
    assert {d.severity for d in found} <= {"warning"}
    assert len(found) == (4 if noted else 0)


def test_a_surfaces_own_words_are_used() -> None:
    texts = {"xai": {"name": "find", "description": "Find it.", "params": {"q": "What to find"}}}
    model = _changed(actions__search_products__texts=texts)
    documents = _documents(model)
    grok = _functions(documents["xai/tools.chat.json"])[0]
    assert (grok["name"], grok["description"]) == ("find", "Find it.")
    assert grok["parameters"]["properties"]["q"]["description"] == "What to find"
    assert _functions(documents["gemini/functions.json"])[0]["name"] == "search_products"


def test_an_argument_left_out_of_a_surface_is_a_loss() -> None:
    model = _changed(surfaces__xai={"omit": {"search_products": ["limit"]}})
    target = targets()["xai/tools_chat"]
    assert isinstance(target, Target)
    assert "limit" not in _functions(_documents(model)["xai/tools.chat.json"])[0]["parameters"]["properties"]
    assert ("actions", "search_products", "input", "limit") in [
        loss.origin for loss in target.view(model).losses
    ]


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "schemas/vendor").rglob("*.schema.json")),
    ids=lambda p: f"{p.parent.name}/{p.name}",
)
def test_a_vendor_schema_is_a_schema(path: Path) -> None:
    schema = json.loads(path.read_bytes())
    jsonschema_rs.meta.validate(schema)  # raises what is wrong
    assert {"type", "$ref", "oneOf", "anyOf", "allOf", "properties"} & schema.keys()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_a_server_without_a_domain_keeps_every_mcp_tool(host: str) -> None:
    changed = _changed(api__server=f"http://{host}", surfaces__mcp={"actions": "all"})
    files = {file.path: file.data for file in build(changed).files}
    tools = json.loads(files["mcp/tools.json"])
    tools = tools["tools"] if isinstance(tools, dict) else tools
    assert {tool["name"] for tool in tools} == {str(a.name) for a in changed.surfaces["mcp"].actions}
    assert "localhost/confirm" in json.dumps(tools)
