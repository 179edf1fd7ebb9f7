"""The Copilot profile and plugin manifest are what Microsoft 365 Copilot can run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from loading import read_once
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build, document
from pgagents.generate.render import Rendered

ROOT = Path(__file__).resolve().parents[2]
PARK_GRAPH = ROOT / "catalogue/park_graph.yaml"
SHOP = ROOT / "tests/catalogues/shop.yaml"
COMPOSITION = {"oneOf", "anyOf", "allOf", "not", "$ref"}


def judge(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(
        json.loads((ROOT / f"schemas/vendor/copilot/{name}.schema.json").read_text(encoding="utf-8"))
    )


@pytest.fixture(scope="module", params=[PARK_GRAPH, SHOP], ids=lambda p: p.stem)
def model(request: pytest.FixtureRequest) -> Model:
    return read_once(request.param)


@pytest.fixture(scope="module")
def rendered(model: Model) -> Rendered:
    return document(model, "copilot/openapi-3.0.yaml")


@pytest.fixture(scope="module")
def plugin(model: Model) -> Any:
    return document(model, "copilot/ai-plugin.json").data


@pytest.fixture(scope="module")
def park() -> Model:
    return read_once(PARK_GRAPH)


@pytest.fixture(scope="module")
def park_spec(park: Model) -> Any:
    return document(park, "copilot/openapi-3.0.yaml").data


def operations(data: Any) -> Iterator[Any]:
    for item in data["paths"].values():
        yield from item.values()


def body_of(operation: Any) -> dict[str, Any]:
    schema: dict[str, Any] = (
        operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    )
    return schema


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping under a key `schema`, and every mapping inside it."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from mappings(member) if key == "schema" else schemas_in(member)
    for member in value if isinstance(value, list) else ():
        yield from schemas_in(member)


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(member)


def test_validator_of_openapi_3_0_accepts(rendered: Rendered) -> None:
    assert rendered.data["openapi"] == "3.0.3"
    assert [e.message for e in OpenAPIV30SpecValidator(rendered.data).iter_errors()] == []


def test_file_is_small_and_reads_the_same_by_any_yaml_reader(rendered: Rendered) -> None:
    (artifact,) = rendered.artifacts()
    assert artifact.path == "copilot/openapi-3.0.yaml"
    assert len(artifact.data) <= 102_400
    assert yaml.safe_load(artifact.data) == rendered.data


def test_exactly_the_surfaces_operations(model: Model, rendered: Rendered) -> None:
    assert [o["operationId"] for o in operations(rendered.data)] == [
        a.operation_id for a in model.surfaces["copilot"].actions
    ]


def test_park_graphs_four(park_spec: Any) -> None:
    assert {o["operationId"] for o in operations(park_spec)} == {
        "searchParking",
        "createSession",
        "getSession",
        "endSession",
    }


def test_bodies_are_flat(rendered: Rendered) -> None:
    bodies = [body_of(o) for o in operations(rendered.data) if "requestBody" in o]
    assert bodies
    for body in bodies:
        assert body["type"] == "object"
        assert all(
            p["type"] != "object" and p.get("items", {}).get("type") != "object"
            for p in body["properties"].values()
        )


def test_no_composition_no_reference_no_type_lists(rendered: Rendered) -> None:
    found = list(schemas_in(rendered.data))
    assert len(found) > 20
    for schema in found:
        references = COMPOSITION if "properties" not in schema else {"oneOf", "anyOf", "allOf"}
        assert not references & set(schema)
        assert not isinstance(schema.get("type"), list)


def test_a_value_that_may_be_null_is_nullable(park_spec: Any) -> None:
    created = park_spec["paths"]["/api/v1/sessions"]["post"]["responses"]["201"]["content"][
        "application/json"
    ]["schema"]
    session = created["properties"]["session"]["properties"]
    assert session["max_daily"]["nullable"] is True
    assert session["vehicle"]["nullable"] is True
    assert session["client_secret"]["type"] == "string"


def test_arguments_left_out_are_listed_as_lost(park: Model) -> None:
    rendered = document(park, "copilot/openapi-3.0.yaml")
    body = body_of(rendered.data["paths"]["/api/v1/sessions"]["post"])
    assert not {"vehicle", "hold_id"} & set(body["properties"])
    lost = {
        loss.constraint
        for loss in rendered.made.view.losses
        if loss.origin[:3] == ("actions", "create_session", "input")
    }
    assert {"argument `vehicle`", "argument `hold_id`"} <= lost


def test_one_media_type_one_server_one_requirement(rendered: Rendered) -> None:
    for mapping in mappings(rendered.data["paths"]):
        if "content" in mapping and isinstance(mapping["content"], dict):
            assert list(mapping["content"]) == ["application/json"]
    assert rendered.data["servers"][0]["url"].startswith("https://")
    assert len(rendered.data["security"]) == 1
    assert all(len(o.get("security", [{}])) <= 1 for o in operations(rendered.data))


def test_writes_are_consequential_and_never_marked_harmless(model: Model, rendered: Rendered) -> None:
    effects = {str(a.operation_id): a.effect for a in model.actions}
    for operation in operations(rendered.data):
        said = operation.get("x-openai-isConsequential")
        assert (said is True) == (effects[operation["operationId"]] == "write")


# the manifest


def test_functions_are_the_operations(rendered: Rendered, plugin: Any) -> None:
    names = [f["name"] for f in plugin["functions"]]
    assert names == [o["operationId"] for o in operations(rendered.data)]
    assert plugin["runtimes"][0]["run_for_functions"] == names


def test_every_write_asks_as_the_catalogue_words_it(model: Model, plugin: Any) -> None:
    for action, function in zip(model.surfaces["copilot"].actions, plugin["functions"], strict=True):
        asked = function["capabilities"].get("confirmation")
        assert (asked is not None) == (action.confirm_body is not None)
        if asked:
            assert asked["body"] == action.confirm_body
            assert asked.get("title") == action.confirm_title
        handling = function["capabilities"]["security_info"]["data_handling"]
        assert handling == (["ResourceStateUpdate"] if action.effect == "write" else ["GetPrivateData"])


def test_states_carry_the_catalogues_instructions(park: Model) -> None:
    plugin = document(park, "copilot/ai-plugin.json").data
    for action, function in zip(park.surfaces["copilot"].actions, plugin["functions"], strict=True):
        own = action.texts["copilot"]
        assert function["states"]["reasoning"]["instructions"] == list(own.reasoning)
        assert function["states"]["responding"]["instructions"] == list(own.responding)


def test_short_texts_are_noted_when_they_may_be_cut() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "  copilot:\n", "  copilot:\n    name: A name of more than twenty characters\n"
    )
    notes = document(load_text(text), "copilot/ai-plugin.json").made.view.notes
    assert [n.message for n in notes] == [
        "name_for_human has 37 characters; Copilot may ignore those beyond 20"
    ]
    assert notes[0].origin == ("surfaces", "copilot", "name")


def test_a_nested_body_is_an_error_at_its_line() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "      note: {type: string, minLength: 1, maxLength: 80, description: A word for the packer}\n",
        (
            "      note: {description: A word, additionalProperties: false, properties: {text: {type: "
            "string}}}\n"
        ),
    )
    text = text.replace(
        "quantity: 2, note: Wrap it as a gift}\n        output", "quantity: 2}\n        output"
    )
    text = text.replace(
        "      note-kept: {when: has(input.note), that: response.order.note == input.note}\n", ""
    )
    kept = load_text(text, "shop.yaml")
    assert not build(kept, only=["copilot/openapi"]).refused
    offered = load_text(text.replace("    omit: {place_order: [note]}\n", ""), "shop.yaml")
    (error,) = [d for d in build(offered, only=["copilot/openapi"]).diagnostics if d.severity == "error"]
    assert error.span.line == next(
        n for n, line in enumerate(text.splitlines(), 1) if line.startswith("      note: {description")
    )


# what our vendor schemas refuse

SPEC: list[tuple[str, Callable[[Any], None]]] = [
    ("3.1", lambda d: d.update(openapi="3.1.0")),
    ("relative server", lambda d: d["servers"][0].update(url="/api")),
    ("type list", lambda d: _created(d).update(type=["string", "null"])),
    ("numeric exclusiveMinimum", lambda d: _created(d).update(exclusiveMinimum=0)),
    ("const", lambda d: _created(d).update(const="a")),
    ("composition in an answer", lambda d: _answer(d).update(oneOf=[{"type": "object"}])),
    ("nullable without type", lambda d: _answer(d).update(properties={"a": {"nullable": True}})),
    ("nested body", lambda d: _body(d)["properties"].update(a={"type": "object", "properties": {}})),
    (
        "objects in a list",
        lambda d: _body(d)["properties"].update(a={"type": "array", "items": {"type": "object"}}),
    ),
    (
        "another media type",
        lambda d: d["paths"]["/api/v1/sessions"]["post"]["requestBody"]["content"].update({"text/xml": {}}),
    ),
    (
        "two requirements",
        lambda d: d["paths"]["/api/v1/sessions"]["post"].update(security=[{"a": [], "b": []}]),
    ),
    ("no description", lambda d: d["paths"]["/api/v1/sessions"]["post"].pop("description")),
    (
        "a hyphen in a name",
        lambda d: d["paths"]["/api/v1/sessions"]["post"].update(operationId="create-session"),
    ),
]


def _body(data: Any) -> Any:
    return body_of(data["paths"]["/api/v1/sessions"]["post"])


def _created(data: Any) -> Any:
    return _body(data)["properties"]["plate"]


def _answer(data: Any) -> Any:
    return data["paths"]["/api/v1/sessions"]["post"]["responses"]["201"]["content"]["application/json"][
        "schema"
    ]


@pytest.mark.parametrize("change", [c for _, c in SPEC], ids=[n for n, _ in SPEC])
def test_vendor_schema_refuses_a_document(park_spec: Any, change: Callable[[Any], None]) -> None:
    assert judge("openapi").is_valid(park_spec)
    changed = copy.deepcopy(park_spec)
    change(changed)
    assert not judge("openapi").is_valid(changed)


MANIFEST: list[tuple[str, Callable[[Any], None]]] = [
    ("unknown member", lambda d: d.update(localization={})),
    ("no description for people", lambda d: d.pop("description_for_human")),
    ("version", lambda d: d.update(schema_version="v2.4")),
    ("no $schema", lambda d: d.pop("$schema")),
    ("namespace", lambda d: d.update(namespace="park graph")),
    ("blank name", lambda d: d.update(name_for_human=" ")),
    ("function name", lambda d: d["functions"][0].update(name="search-parking")),
    ("unknown function member", lambda d: d["functions"][0].update(title="x")),
    ("disengaging", lambda d: d["functions"][0]["states"].update(disengaging={})),
    (
        "isNonConsequential",
        lambda d: d["functions"][1]["capabilities"]["confirmation"].update(isNonConsequential=True),
    ),
    (
        "DataExport",
        lambda d: d["functions"][0]["capabilities"].update(security_info={"data_handling": ["DataExport"]}),
    ),
    ("no reference_id", lambda d: d["runtimes"][0]["auth"].pop("reference_id")),
    ("auth type", lambda d: d["runtimes"][0]["auth"].update(type="none")),
    ("no auth", lambda d: d["runtimes"][0].pop("auth")),
    ("implicit functions", lambda d: d["runtimes"][0].pop("run_for_functions")),
]


@pytest.mark.parametrize("change", [c for _, c in MANIFEST], ids=[n for n, _ in MANIFEST])
def test_vendor_schema_refuses_a_manifest(park: Model, change: Callable[[Any], None]) -> None:
    plugin = document(park, "copilot/ai-plugin.json").data
    assert judge("ai_plugin").is_valid(plugin)
    change(plugin)
    assert not judge("ai_plugin").is_valid(plugin)


TABLE = {
    "title": "Export orders",
    "description": ("Export all orders of the shop as a table, one row for each order, newest first."),
    "http": "GET /orders/export", "effect": "read", "errors": [],
    "output": {200: {"description": "The orders", "type": "string", "content_type": "text/csv"}},
}  # fmt: skip


def test_action_that_answers_no_json_is_left_out_with_a_loss_and_the_others_stay() -> None:
    data = yaml.safe_load(SHOP.read_text(encoding="utf-8"))
    before = load_text(yaml.safe_dump(data, sort_keys=False))
    data["actions"]["export_orders"] = TABLE
    model = load_text(yaml.safe_dump(data, sort_keys=False))
    built = build(model)
    assert [d for d in built.diagnostics if d.severity == "error"] == []
    for path in ("copilot/openapi-3.0.yaml", "copilot/ai-plugin.json", "copilot/ai-plugin.v2.4.json"):
        made, without = document(model, path), document(before, path)
        assert made.data == without.data, path
        (loss,) = [one for one in made.made.view.losses if one.constraint == "action `export_orders`"]
        assert (loss.went, loss.origin) == ("dropped", ("actions", "export_orders", "output", 200))
        assert "text/csv" in loss.detail
    assert "/orders/export" in document(model, "openapi/openapi.json").data["paths"]
