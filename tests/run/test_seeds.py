"""The pages of April 2026 stand in the generated files, member for member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import document

ROOT = Path(__file__).resolve().parents[2]


def seed(name: str) -> Any:
    return json.loads((ROOT / f"tests/data/seed_{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def park() -> Model:
    return load_file(ROOT / "catalogue/park_graph.yaml")


@pytest.fixture(scope="module")
def full(park: Model) -> Any:
    return document(park, "openapi/openapi.json").data


def missing(expected: Any, found: Any, at: str = "") -> list[str]:
    """Members of `expected` that `found` lacks or has otherwise. Lists keep their order and length."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [at or "/"]
        lacking = [f"{at}/{key}" for key in expected if key not in found]
        return lacking + [
            m for key in expected if key in found for m in missing(expected[key], found[key], f"{at}/{key}")
        ]
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return [at]
        return [m for i, member in enumerate(expected) for m in missing(member, found[i], f"{at}/{i}")]
    return [] if expected == found and type(expected) is type(found) else [at]


def test_comparison_finds_what_is_missing() -> None:
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3}) == []
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == ["/a/0/b"]
    assert missing({"a": [1]}, {"a": [1, 2]}) == ["/a"]
    assert missing({"a": {"b": 1}}, {"a": {}}) == ["/a/b"]
    assert missing(True, 1) == [""]


def test_openai_plugin_manifest_is_the_published_one(park: Model) -> None:
    found = document(park, "openai/ai-plugin.json").data
    assert missing(seed("openai_plugin"), found) == []
    assert list(found) == list(seed("openai_plugin")), "members are in the published order"


def test_copilot_manifest_has_every_published_member(park: Model) -> None:
    assert missing(seed("copilot_plugin"), document(park, "copilot/ai-plugin.json").data) == []


def test_dispatchers_path_item_has_every_published_member(park: Model) -> None:
    found = document(park, "openai/openapi.json").data
    assert missing(seed("openai_dispatcher"), found["paths"]) == []


def test_full_document_has_the_dispatcher_too(full: Any) -> None:
    """There the requirement may also be met by OAuth, so `security` has one more alternative."""
    expected = seed("openai_dispatcher")
    found = full["paths"]
    for path, item in expected.items():
        requirements = item["post"].pop("security")
        assert all(r in found[path]["post"]["security"] for r in requirements)
    assert missing(expected, found) == []


def schema_of(full: Any, action: Any, status: int) -> dict[str, Any]:
    operation = full["paths"][action.path][action.method.lower()]
    schema: dict[str, Any] = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    return schema


def named(schema: Any, components: Any) -> dict[str, Any]:
    """All properties that a schema names, through references and `allOf`."""
    schema = schemas.resolve(schema, components)
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= named(part, components)
    return found


def undeclared(value: Any, schema: Any, components: Any, at: str = "") -> list[str]:
    """Members of an answer that its schema does not name, at any depth, and values of another type."""
    resolved = schemas.resolve(schema, components)
    if isinstance(value, dict):
        names = named(schema, components)
        return [f"{at}/{k}" for k in value if k not in names] + [
            m
            for k, v in value.items()
            if k in names
            for m in undeclared(v, names[k], components, f"{at}/{k}")
        ]
    if isinstance(value, list):
        return [m for v in value for m in undeclared(v, resolved["items"], components, at)]
    if value in ("…", "...") or (isinstance(value, str) and value.endswith(("...", "…"))):
        return []
    judge = schemas.validator({k: v for k, v in resolved.items() if k != "pattern"}, components)
    return [] if judge.is_valid(value) else [at]


@pytest.mark.parametrize("call", seed("openai_transcript"), ids=lambda c: c["action"])
def test_transcripts_calls_and_answers_fit_the_full_document(
    park: Model, full: Any, call: dict[str, Any]
) -> None:
    action = park.action(call["action"])
    assert action is not None
    known = {p.name: p for p in action.params}
    assert set(call["parameters"]) <= set(known)
    assert {p.name for p in action.params if p.required} <= set(call["parameters"])
    assert (
        undeclared(
            call["answer"], schema_of(full, action, action.success.status), full["components"]["schemas"]
        )
        == []
    )


def test_av_fleet_pages_call_and_answer_fit_the_full_document(park: Model, full: Any) -> None:
    av = seed("av_session")
    action = park.action("create_session")
    assert action is not None
    components = full["components"]["schemas"]
    body = full["paths"][action.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [e.message for e in schemas.validator(body, components).iter_errors(av["request"])] == []
    assert undeclared(av["answer"], schema_of(full, action, 201), components) == []


def test_published_error_codes_have_their_statuses(park: Model) -> None:
    assert {name: park.codes[name].status for name in seed("errors")["codes"]} == seed("errors")["codes"]


def test_published_envelope_and_opt_in_refusal(full: Any) -> None:
    components = full["components"]["schemas"]
    errors = seed("errors")
    body = {"error": {"code": "CONFLICT", "message": "…", "request_id": "req_1"}}
    assert set(body["error"]) == set(errors["envelope"]["error"])
    assert schemas.validator({"$ref": "#/components/schemas/Error"}, components).is_valid(body)
    create = full["paths"]["/api/v1/sessions"]["post"]["responses"]
    opted_out = create[str(errors["opt_in"]["status"])]["content"]["application/json"]["schema"]
    code = errors["opt_in"]["body"]["code"]
    judge = schemas.validator(opted_out, components)
    assert judge.is_valid({"code": code, "error": {"code": code, "message": "no", "request_id": "req_1"}})
    assert not judge.is_valid({"error": {"code": code, "message": "no", "request_id": "req_1"}})


def test_every_answer_carries_the_published_headers(full: Any) -> None:
    headers = seed("errors")["headers"]
    for item in full["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if response.get("$ref", "").startswith("#/components/responses/edge."):
                    continue  # PG-E5: a proxy's answer, before the API
                if "$ref" in response:
                    response = full["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
                assert set(headers["every"]) <= set(response["headers"]), (operation["operationId"], status)
                if status == "429":
                    assert set(headers["429"]) <= set(response["headers"])
