"""The GPT profile is what the GPT builder imports without a red line, and what ChatGPT can then call."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_pydantic.v3.v3_1 import OpenAPI
from openapi_spec_validator import validate

from loading import read_once
from pgagents.base.jsonschema.schema import cycles
from pgagents.base.places import Node
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build, document, find_origin
from pgagents.generate.render import Rendered
from pgagents.generate.target import Loss
from pgagents.generate.targets.openai.openapi import end_recursion
from pgagents.lint.importers.gpt_builder_import import simulate

ROOT = Path(__file__).resolve().parents[2]
PARK_GRAPH = ROOT / "catalogue/park_graph.yaml"
SHOP = ROOT / "tests/catalogues/shop.yaml"
SCHEMA = json.loads((ROOT / "schemas/vendor/openai/openapi.schema.json").read_text(encoding="utf-8"))
TRANSCRIPT = json.loads((ROOT / "tests/data/seed_openai_transcript.json").read_text(encoding="utf-8"))
DISPATCHER = "/api/v1/agents/openai/actions"


@pytest.fixture(scope="module")
def park() -> Model:
    return read_once(PARK_GRAPH)


@pytest.fixture(scope="module", params=[PARK_GRAPH, SHOP], ids=lambda p: p.stem)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return document(read_once(request.param), "openai/openapi.json")


@pytest.fixture(scope="module")
def gpt(park: Model) -> Any:
    return document(park, "openai/openapi.json").data


def operations(data: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in data["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def body_of(operation: Any) -> dict[str, Any]:
    schema: dict[str, Any] = (
        operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    )
    return schema


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(member)


def test_validator_and_the_builders_first_stage_accept(rendered: Rendered) -> None:
    validate(rendered.data)  # raises what is wrong, as the next line does
    assert set(OpenAPI.model_validate(rendered.data).paths) == set(rendered.data["paths"])


def test_first_stage_refuses_what_it_should(gpt: Any) -> None:
    """The judge is alive: a 3.0 document and a list of scopes are refused, as users report."""
    flow = {"authorizationUrl": "https://a.example/x", "tokenUrl": "https://a.example/t", "scopes": ["a"]}
    listed = {"securitySchemes": {"a": {"type": "oauth2", "flows": {"authorizationCode": flow}}}}
    for change in ({"openapi": "3.0.3"}, {"components": listed}):
        with pytest.raises(ValueError, match="validation error"):
            OpenAPI.model_validate({**gpt, **change})


def test_both_forms_hold_the_same_data_for_any_reader(rendered: Rendered) -> None:
    by_path = {a.path: a.data for a in rendered.artifacts()}
    assert (
        json.loads(by_path["openai/openapi.json"])
        == yaml.safe_load(by_path["openai/openapi.yaml"])
        == rendered.data
    )


def test_sixteen_operations_of_the_surface_and_the_dispatcher(park: Model, gpt: Any) -> None:
    found = {operation["operationId"] for _, _, operation in operations(gpt)}
    assert found == {a.operation_id for a in park.surfaces["openai"].actions} | {"dispatchAction"}
    assert len(found) == 16


def test_dispatcher_is_left_out_where_the_surface_does_not_offer_it() -> None:
    shop = document(read_once(SHOP), "openai/openapi.json").data
    assert {o["operationId"] for _, _, o in operations(shop)} == {
        "searchProducts",
        "getProduct",
        "placeOrder",
        "cancelOrder",
    }


def test_texts_fit(rendered: Rendered) -> None:
    for _, _, operation in operations(rendered.data):
        assert 0 < len(operation["description"]) <= 300
        assert 0 < len(operation["summary"]) <= 300
        for parameter in operation.get("parameters", []):
            assert len(parameter.get("description", "")) <= 700
        for mapping in mappings(body_of(operation)):
            if isinstance(mapping.get("description"), str):
                assert len(mapping["description"]) <= 700


def test_one_https_server_and_one_scheme(rendered: Rendered) -> None:
    assert len(rendered.data["servers"]) == 1
    assert rendered.data["servers"][0]["url"].startswith("https://")
    assert len(rendered.data["components"]["securitySchemes"]) == 1
    assert len(rendered.data["security"]) == 1


def test_every_object_names_its_properties(rendered: Rendered) -> None:
    objects = [
        m
        for m in mappings(rendered.data)
        if m.get("type") == "object" or (isinstance(m.get("type"), list) and "object" in m["type"])
    ]
    assert objects
    assert all(isinstance(m.get("properties"), dict) for m in objects)


def test_no_reference_and_no_header_among_parameters(rendered: Rendered) -> None:
    for _, _, operation in operations(rendered.data):
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in ("path", "query")
            assert not any("$ref" in m for m in mappings(parameter))
    assert isinstance(rendered.data["components"]["schemas"], dict)


def test_names_of_one_operation_are_distinct(rendered: Rendered) -> None:
    for _, _, operation in operations(rendered.data):
        names = [p["name"] for p in operation.get("parameters", [])] + list(
            body_of(operation).get("properties", {})
        )
        assert len(names) == len(set(names)), operation["operationId"]


def test_every_operation_but_get_says_whether_it_is_consequential(park: Model, gpt: Any) -> None:
    effects = {str(a.operation_id): a.effect for a in park.actions} | {"dispatchAction": "write"}
    for _, method, operation in operations(gpt):
        said = operation.get("x-openai-isConsequential")
        assert said == (None if method == "get" else effects[operation["operationId"]] == "write"), operation[
            "operationId"
        ]


def test_a_post_that_only_reads_is_not_consequential() -> None:
    text = SHOP.read_text(encoding="utf-8").replace("http: GET /products\n", "http: POST /products/search\n")
    shop = document(load_text(text), "openai/openapi.json").data
    assert shop["paths"]["/products/search"]["post"]["x-openai-isConsequential"] is False


def test_header_parameters_are_listed_as_lost(park: Model) -> None:
    view = document(park, "openai/openapi.json").made.view
    lost = {loss.origin for loss in view.losses if loss.constraint == "header `Idempotency-Key`"}
    assert lost == {
        p.origin for a in park.surfaces["openai"].actions for p in a.params if p.place == "header"
    }
    assert lost


def test_dispatcher_lists_the_union_of_its_actions_arguments(park: Model, gpt: Any) -> None:
    dispatcher = park.dispatchers[0]
    arguments = body_of(gpt["paths"][DISPATCHER]["post"])["properties"]["parameters"]
    assert "required" not in arguments
    for action in dispatcher.actions:
        for param in action.params:
            if param.place == "header" and param.name != action.idempotency:
                continue
            shown = arguments["properties"][param.name]
            users, _, text = shown["description"].partition(": ")
            assert action.name in users.split(", "), param.name
            assert text
            told = {k: v for k, v in param.schema.items() if k not in ("description", "default")}
            assert {k: v for k, v in shown.items() if k not in ("description", "default")} == told
    users = {
        name
        for p in arguments["properties"].values()
        for name in p["description"].partition(": ")[0].split(", ")
    }
    assert users == {a.name for a in dispatcher.actions}


def test_an_argument_that_actions_describe_differently_keeps_every_text() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "refers_to: product, description: The product's id}\n      quantity",
        "refers_to: product, description: What to order}\n      quantity",
    )
    text = text.replace("  openai: {actions: all}", "  openai: {actions: all, dispatcher: true}")
    shop = document(load_text(text), "openai/openapi.json").data
    arguments = body_of(shop["paths"]["/agents/ask"]["post"])["properties"]["with"]["properties"]
    assert (
        arguments["product_id"]["description"]
        == "get_product: The product's id (required); place_order: What to order (required)"
    )


# ChatGPT's argument filter


class UnrecognizedKwargsError(Exception):
    """The error that ChatGPT raises before any HTTP for an argument that the schema does not declare."""


def sent(operation: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as ChatGPT lets them through: declared names only, at the first level and inside
    declared objects.
    """
    body = body_of(operation).get("properties", {})
    declared = {p["name"]: p["schema"] for p in operation.get("parameters", [])} | body
    return filtered(arguments, declared)


def filtered(arguments: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    for name, value in arguments.items():
        if name not in declared:
            raise UnrecognizedKwargsError(name)
        if isinstance(value, dict):
            filtered(value, declared[name].get("properties", {}))
    return arguments


@pytest.mark.parametrize("call", TRANSCRIPT, ids=lambda c: c["action"])
def test_transcripts_calls_survive_chatgpts_argument_filter(
    park: Model, gpt: Any, call: dict[str, Any]
) -> None:
    dispatched = {"action": call["action"], "parameters": call["parameters"]}
    assert sent(gpt["paths"][DISPATCHER]["post"], dispatched) == dispatched
    action = park.action(call["action"])
    assert action is not None
    assert sent(gpt["paths"][action.path][action.method.lower()], call["parameters"]) == call["parameters"]


def test_the_filter_refuses_them_on_the_published_bare_object() -> None:
    seed = json.loads((ROOT / "tests/data/seed_openai_dispatcher.json").read_text(encoding="utf-8"))
    with pytest.raises(UnrecognizedKwargsError, match="lat"):
        sent(
            seed[DISPATCHER]["post"], {"action": "search_parking", "parameters": TRANSCRIPT[0]["parameters"]}
        )


# what our vendor schema refuses


def _header_parameter(data: Any) -> None:
    data["paths"]["/api/v1/lots/search"]["get"]["parameters"][0]["in"] = "header"


def _reference(data: Any) -> None:
    data["paths"]["/api/v1/lots/search"]["get"]["parameters"][0] = {"$ref": "#/components/parameters/lat"}


def _no_properties(data: Any) -> None:
    del data["components"]["schemas"]["Error"]["properties"]["error"]["properties"]


def _nested_description(data: Any) -> None:
    arguments = body_of(data["paths"][DISPATCHER]["post"])["properties"]["parameters"]["properties"]
    arguments["plate"]["description"] = "x" * 701


REFUSED: list[tuple[str, Callable[[Any], None]]] = [
    ("3.0", lambda d: d.update(openapi="3.0.3")),
    ("two servers", lambda d: d["servers"].append({"url": "https://b.example"})),
    ("plain http", lambda d: d["servers"][0].update(url="http://parkgraph.com")),
    ("a port", lambda d: d["servers"][0].update(url="https://parkgraph.com:8443")),
    ("two schemes", lambda d: d["components"]["securitySchemes"].update(other={"type": "http"})),
    ("no component schemas", lambda d: d["components"].pop("schemas")),
    ("long description", lambda d: d["paths"][DISPATCHER]["post"].update(description="x" * 301)),
    ("long summary", lambda d: d["paths"][DISPATCHER]["post"].update(summary="x" * 301)),
    (
        "long parameter",
        lambda d: d["paths"]["/api/v1/lots/search"]["get"]["parameters"][0].update(description="x" * 701),
    ),
    ("long argument inside", _nested_description),
    ("header parameter", _header_parameter),
    ("reference in parameters", _reference),
    ("object without properties", _no_properties),
    ("nothing said of consequence", lambda d: d["paths"][DISPATCHER]["post"].pop("x-openai-isConsequential")),
    ("no operationId", lambda d: d["paths"][DISPATCHER]["post"].pop("operationId")),
    ("head", lambda d: d["paths"][DISPATCHER].update(head=d["paths"][DISPATCHER]["post"])),
    (
        "body of another root",
        lambda d: body_of(d["paths"][DISPATCHER]["post"]).update(type="array", items={}),
    ),
]


@pytest.mark.parametrize("change", [c for _, c in REFUSED], ids=[n for n, _ in REFUSED])
def test_vendor_schema_refuses(gpt: Any, change: Callable[[Any], None]) -> None:
    judge = jsonschema_rs.Draft202012Validator(SCHEMA)
    assert judge.is_valid(gpt)
    changed = copy.deepcopy(gpt)
    change(changed)
    assert not judge.is_valid(changed)


def test_a_text_that_is_too_long_is_an_error_at_its_line() -> None:
    long = "Cancel an order. " * 20
    text = SHOP.read_text(encoding="utf-8").replace(
        "description: Cancel an order that is placed. Returns the order as it stands then.",
        f"description: {long}",
    )
    model = load_text(text, "shop.yaml")
    errors = [d for d in build(model, only=["openai/openapi"]).diagnostics if d.severity == "error"]
    line = next(n for n, written in enumerate(text.splitlines(), 1) if long.strip() in written)
    assert [(d.span.line, d.id) for d in errors] == [(line, "openai/openapi/refused")]


def test_a_server_of_this_machine_is_refused_with_what_to_write_instead() -> None:
    text = re.sub("(?m)^  server: .*$", "  server: http://127.0.0.1:8000", SHOP.read_text(encoding="utf-8"))
    built = build(load_text(text, "shop.yaml"), only=["openai/openapi"])
    found = [d for d in built.diagnostics if d.id == "openai/openapi/server"]
    assert "http://127.0.0.1:8000, which is a placeholder" in found[0].message
    assert "api: {server: https://" in found[0].help


@pytest.mark.parametrize(
    "line",
    ["contact: support@example.com", "terms: https://www.example.com/terms", "privacy: https://example.org"],
)
@pytest.mark.parametrize("target", ["openai/openapi", "copilot/ai_plugin"])
def test_a_placeholder_that_a_vendor_shows_is_refused(target: str, line: str) -> None:
    key = line.partition(":")[0]
    text = re.sub(f"(?m)^  {key}: .*$", "", SHOP.read_text(encoding="utf-8"))
    model = load_text(re.sub("(?m)^api:$", f"api:\n  {line}", text), "shop.yaml")
    found = [d for d in build(model, only=[target]).diagnostics if d.id.endswith("/server")]
    assert "which is a placeholder" in found[0].message
    assert f"api: {{{key}: " in found[0].help
    assert not [d for d in build(model, only=[target], draft=True).diagnostics if d.id.endswith("/server")]


def test_the_surfaces_own_wording_wins() -> None:
    long = "Cancel an order. " * 20
    text = SHOP.read_text(encoding="utf-8").replace(
        "description: Cancel an order that is placed. Returns the order as it stands then.",
        (
            f"description: {long}\n    texts: {{openai: {{description: Cancel it., params: {{order_id: The "
            f"order to cancel}}}}}}"
        ),
    )
    built = build(load_text(text, "shop.yaml"), only=["openai/openapi"])
    assert not built.refused
    operation = built.rendered[0].data["paths"]["/orders/{order_id}/cancel"]["post"]
    assert operation["description"] == "Cancel it."
    assert operation["parameters"][0]["description"] == "The order to cancel"


def test_more_than_thirty_operations_are_noted() -> None:
    text = SHOP.read_text(encoding="utf-8")
    block = text[text.index("  get_product:") : text.index("  place_order:")]
    many = "".join(
        block.replace("  get_product:", f"  get_product_{n}:").replace(
            "/products/{product_id}", f"/p{n}/{{product_id}}"
        )
        for n in range(30)
    )
    text = text.replace("  place_order:\n    title", many + "  place_order:\n    title", 1)
    view = document(load_text(text), "openai/openapi.json").made.view
    assert [n.message for n in view.notes] == ["34 operations; the GPT builder refuses more than 30"]


def test_schemas_that_contain_themselves_end() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "      name: {type: string, description: Its name}\n",
        (
            "      name: {type: string, description: Its name}\n      parts: {type: array, items: {$ref: "
            "Product}}\n"
        ),
    )
    rendered = document(load_text(text), "openai/openapi.json")
    product = rendered.data["components"]["schemas"]["Product"]
    part = product["properties"]["parts"]["items"]
    assert part["properties"] == {**product["properties"], "parts": {"type": "array", "items": {}}}
    assert part["required"] == product["required"]
    assert simulate(rendered.data).said == ()
    assert [(loss.went, loss.detail) for loss in rendered.made.view.losses if "Product" in loss.origin] == [
        (
            "widened",
            "it contains itself, and the GPT builder refuses that; further down, any value is taken",
        )
    ]


@pytest.mark.parametrize("count", [2, 3, 20])
def test_schemas_that_contain_each_other_end(count: int) -> None:
    names = [f"S{n}" for n in range(count)]
    links = {name: Node({"$ref": f"#/components/schemas/{names[n - 1]}"}) for n, name in enumerate(names)}
    schemas = Node(
        {
            name: Node(
                {"type": "object", "properties": Node({"next": link, "own": Node({"type": "string"})})}
            )
            for name, link in links.items()
        }
    )
    losses: dict[Loss, None] = {}
    end_recursion(schemas, losses)
    assert not cycles(schemas)
    assert len(losses) == 1
    cut = [one["properties"]["next"] for one in schemas.values() if "$ref" not in one["properties"]["next"]]
    assert [set(one["properties"]) for one in cut] == [{"next", "own"} if count < 20 else set()]


def test_a_required_header_is_noted() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "      q: {type: string, maxLength: 40,",
        (
            "      trace: {in: header, wire: X-Trace, type: string, required: true}\n      q: {type: string, "
            "maxLength: 40,"
        ),
    )
    text = text.replace("input: {q: kettle", "input: {trace: a, q: kettle")
    (note,) = document(load_text(text), "openai/openapi.json").made.view.notes
    assert note.message == "searchProducts requires the header `X-Trace`, which GPT Actions cannot send"


def test_two_arguments_of_one_wire_name_are_noted() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        (
            'pattern: "^o-[A-Za-z0-9-]{1,40}$", required: true, refers_to: order, description: The order\'s '
            "id}\n"
        ),
        'pattern: "^o-[A-Za-z0-9-]{1,40}$", required: true, refers_to: order, description: The order\'s id}\n'
        "      reason: {type: string, wire: order_id, description: Why}\n",
    )
    (note,) = document(load_text(text), "openai/openapi.json").made.view.notes
    assert note.origin == ("actions", "cancel_order")
    assert "`order_id`" in note.message


# the plugin manifest

PLUGIN: list[tuple[str, Callable[[Any], None]]] = [
    ("version", lambda d: d.update(schema_version="v2")),
    ("no logo", lambda d: d.pop("logo_url")),
    ("a space in the model's name", lambda d: d.update(name_for_model="park graph")),
    ("long name", lambda d: d.update(name_for_human="x" * 51)),
    ("long description", lambda d: d.update(description_for_human="x" * 121)),
    ("description for models", lambda d: d.update(description_for_model="x" * 8001)),
    ("auth without kind", lambda d: d["auth"].pop("authorization_type")),
    ("oauth without urls", lambda d: d["auth"].update(type="oauth")),
    ("relative url", lambda d: d["api"].update(url="/openapi.yaml")),
    ("no address", lambda d: d.update(contact_email="developers")),
]


@pytest.mark.parametrize("change", [c for _, c in PLUGIN], ids=[n for n, _ in PLUGIN])
def test_vendor_schema_refuses_a_plugin_manifest(park: Model, change: Callable[[Any], None]) -> None:
    judge = jsonschema_rs.Draft202012Validator(
        json.loads((ROOT / "schemas/vendor/openai/ai_plugin.schema.json").read_text(encoding="utf-8"))
    )
    manifest = document(park, "openai/ai-plugin.json").data
    assert judge.is_valid(manifest)
    change(manifest)
    assert not judge.is_valid(manifest)


def test_extra_members_reach_inside_and_stand_beside() -> None:
    text = SHOP.read_text(encoding="utf-8").replace(
        "    instructions: Get a token",
        (
            "    extra: {api.is_user_authenticated: true, auth.hint: {a: 1}, x_note: kept}\n    "
            "instructions: Get a token"
        ),
    )
    model = load_text(text)
    rendered = document(model, "openai/ai-plugin.json")
    manifest = rendered.data
    assert find_origin(rendered, ("api", "is_user_authenticated"), model.source)[-2:] == (
        "extra",
        "api.is_user_authenticated",
    )
    assert manifest["api"]["is_user_authenticated"] is True
    assert manifest["auth"]["hint"] == {"a": 1}
    assert manifest["x_note"] == "kept"


def test_a_document_hosted_nowhere_is_an_error() -> None:
    text = SHOP.read_text(encoding="utf-8").replace("    openai/openapi.yaml: /agents/openapi.yaml\n", "")
    built = build(load_text(text), only=["openai/ai_plugin"])
    assert any("hosted nowhere" in d.message for d in built.diagnostics)
    assert "openai" in built.refused


def test_list_of_a_fixed_form_is_a_list_of_any_of_its_parts_there() -> None:
    """GPT's importer refuses a list without `items`; the order of the parts is a listed loss."""
    built = build(read_once(ROOT / "tests/catalogues/parcels.yaml"))
    made = yaml.safe_load(next(a.data for a in built.artifacts() if a.path == "openai/openapi.yaml"))
    position = made["components"]["schemas"]["Point"]["properties"]["position"]
    longitude, latitude = ({"type": "number", "minimum": -n, "maximum": n} for n in (180, 90))
    assert position["items"] == {"anyOf": [longitude, latitude]}
    assert (position["minItems"], position["maxItems"]) == (2, 2)
    assert not {"prefixItems", "unevaluatedItems"} & position.keys()
    lost = {one.made.id: [loss.constraint for loss in one.made.view.losses] for one in built.rendered}
    assert "the order of the items" in lost["openai/openapi"]
