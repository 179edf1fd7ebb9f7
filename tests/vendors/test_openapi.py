"""The full OpenAPI document says all of the catalogue's REST contract, and nothing it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from loading import read_once
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.places import plain
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.generate import build
from pgagents.generate.build import document
from pgagents.generate.render import Rendered

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = [ROOT / "catalogue/park_graph.yaml", ROOT / "tests/catalogues/shop.yaml"]


@pytest.fixture(scope="module", params=CATALOGUES, ids=lambda p: p.stem)
def model(request: pytest.FixtureRequest) -> Model:
    return read_once(request.param)


@pytest.fixture(scope="module")
def rendered(model: Model) -> Rendered:
    return document(model, "openapi/openapi.json")


@pytest.fixture(scope="module")
def full(rendered: Rendered) -> Any:
    return rendered.data


def operation_of(full: Any, action: Action) -> Any:
    return full["paths"][action.path][action.method.lower()]


def resolved(full: Any, node: Any) -> Any:
    while "$ref" in node:
        here = full
        for step in node["$ref"].removeprefix("#/").split("/"):
            here = here[step]
        node = here
    return node


def body_schema(full: Any, operation: Any, status: int) -> Any:
    return resolved(full, operation["responses"][str(status)])["content"]["application/json"]["schema"]


def codes_by_status(model: Model, action: Action) -> dict[int, set[str]]:
    """The codes an action may answer: its own and those of all, but for what only others may, and no
    refused key without a key.
    """
    found: dict[int, set[str]] = {}
    for code in action.errors:
        if (code.only is None or action.name in code.only) and (
            action.key or code.name != model.errors.framework.no_key
        ):
            found.setdefault(code.status, set()).add(code.name)
    return found


def error_body(model: Model, code: Code) -> dict[str, Any]:
    """The least body that the envelope takes, with this code in it."""
    body: dict[str, Any] = {"code": code.name}
    inner = body
    *around, last = model.errors.code_at.split(".")
    for key in around:
        inner = inner.setdefault(key, {})
    inner[last] = code.name
    for where, text in ((model.errors.message_at, "no"), (model.errors.request_id_at, "req_1")):
        if where:
            here = body
            *around, last = where.split(".")
            for key in around:
                here = here.setdefault(key, {})
            here[last] = text
    return body


def operations(full: Any) -> Iterator[Any]:
    for item in full["paths"].values():
        yield from item.values()


def test_every_response_component_is_used(full: Any) -> None:
    written = json.dumps(full)
    assert [
        name for name in full["components"]["responses"] if f'"#/components/responses/{name}"' not in written
    ] == []


def test_validator_accepts(full: Any) -> None:
    validate(full)  # raises what is wrong
    assert full["paths"]


def test_every_action_and_dispatcher_is_an_operation(model: Model, full: Any) -> None:
    expected = {(a.path, a.method.lower(), a.operation_id) for a in model.actions}
    expected |= {(d.path, d.method.lower(), d.operation_id) for d in model.dispatchers}
    found = {(p, m, o["operationId"]) for p, item in full["paths"].items() for m, o in item.items()}
    assert found == expected


def test_operator_endpoints_are_no_part_of_it(model: Model, full: Any) -> None:
    assert not {o["operationId"] for o in operations(full)} & {a.operation_id for a in model.operator}


def test_every_argument_stands_at_its_place(model: Model, full: Any) -> None:
    for action in model.actions:
        operation = operation_of(full, action)
        found = {(p["in"], p["name"]) for p in operation.get("parameters", [])}
        body = (
            operation.get("requestBody", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema", {"properties": {}})
        )
        found |= {("body", name) for name in body["properties"]}
        assert found == {(p.place, p.wire) for p in action.params}, action.name
        assert set(body.get("required", [])) == {
            p.wire for p in action.params if p.place == "body" and p.required
        }
        if body["properties"]:
            assert (body.get("additionalProperties") is False) == (action.unknown == "refused")


def test_every_code_of_an_action_is_taken_under_its_status_and_no_other(model: Model, full: Any) -> None:
    for action in model.actions:
        operation = operation_of(full, action)
        by_status = codes_by_status(model, action)
        others = {str(o.status) for o in action.outputs} | {str(e.status) for e in model.errors.edge}
        assert set(operation["responses"]) == {str(s) for s in by_status} | others, action.name
        for status, codes in by_status.items():
            judge = schemas.validator(body_schema(full, operation, status), full["components"]["schemas"])
            for code in model.codes.values():
                assert judge.is_valid(error_body(model, code)) == (code.name in codes), (
                    action.name,
                    status,
                    code.name,
                )


def test_an_action_without_key_answers_no_refused_key(model: Model, full: Any) -> None:
    status = str(model.codes[model.errors.framework.no_key].status)
    for action in model.actions:
        operation = operation_of(full, action)
        assert (status in operation["responses"]) == action.key
        if not action.key:
            assert operation["security"] == []


def test_a_key_is_enough_and_oauth_asks_for_the_scopes_an_action_needs(model: Model, full: Any) -> None:
    oauth = model.code_flow
    assert full["security"] == [{model.credential.name: []}, *([{"oauth2": []}] if oauth else [])]
    assert set(full["components"]["securitySchemes"]) == {
        model.credential.name,
        *(["oauth2"] if oauth else []),
    }
    for action in model.actions:
        scopes = (
            [s for s, names in oauth.needs.items() if action.name in names] if oauth and action.key else []
        )
        said = operation_of(full, action).get("security")
        assert said == (
            [{model.credential.name: []}, {"oauth2": scopes}] if scopes else None if action.key else []
        )
        assert set(scopes) <= set(oauth.scopes if oauth else ())


def test_every_answer_lists_its_headers(model: Model, full: Any) -> None:
    no_key = model.codes[model.errors.framework.no_key].status
    for action in model.actions:
        for status, response in operation_of(full, action)["responses"].items():
            if response.get("$ref", "").startswith("#/components/responses/edge."):
                continue
            expected = set()
            for header in model.headers:
                kinds = {"all", int(status), "success" if int(status) < 300 else "error"}
                kinds |= {"keyed"} if action.key and int(status) != no_key else set()
                if kinds & set(header.on):
                    expected.add(header.name)
            assert set(resolved(full, response).get("headers", {})) == expected, (action.name, status)
    for header in model.headers:
        component = full["components"]["headers"][header.name]
        assert component["required"] is not header.https, (
            "over plain http on loopback a header claimed of https is absent"
        )
        assert component["schema"].get("const") == header.const


def test_what_a_proxy_answers_has_no_body_and_no_header_but_when_to_come_back(
    model: Model, full: Any
) -> None:
    for edge in model.errors.edge:
        answer = full["components"]["responses"][f"edge.{edge.status}"]
        assert "content" not in answer
        assert set(answer.get("headers", {})) == ({model.limits.headers.retry} if edge.retry else set())


def test_every_event_is_a_webhook_with_its_own_type_and_data(model: Model, full: Any) -> None:
    events = model.webhooks.events if model.webhooks else {}
    assert set(full.get("webhooks", {})) == set(events)
    for name, event in events.items():
        delivery = full["webhooks"][name]["post"]
        assert [(p["name"], p["in"], p["required"]) for p in delivery["parameters"]] == [
            (model.webhooks.signature.header, "header", True)
        ]
        judge = schemas.validator(
            delivery["requestBody"]["content"]["application/json"]["schema"], full["components"]["schemas"]
        )
        sent = {"id": "evt_1", "type": name, "created_at": "2026-04-18T16:00:00Z", "data": {}}
        assert judge.is_valid(sent) == (event.data is None)
        other = next(n for n, e in events.items() if n != name and e.data is None)
        assert not judge.is_valid({**sent, "type": other})


def test_an_answer_of_another_media_type_says_so() -> None:
    text = (
        CATALOGUES[1]
        .read_text(encoding="utf-8")
        .replace(
            (
                "      200: {description: The product, required: [product], properties: {product: {$ref: "
                "Product}}}"
            ),
            "      200: {description: The product, content_type: text/csv, type: string}",
        )
    )
    text = text.replace(
        "      same-product: response.product.id == input.product_id", "      any-text: size(response) > 0"
    )
    text = text.replace(
        "        output: {product: {id: p-17, name: Red kettle, price_cents: 2490}}",
        '        output: "p-17,Red kettle"',
    )
    answer = document(load_text(text), "openapi/openapi.json").data["paths"]["/products/{product_id}"]["get"][
        "responses"
    ]["200"]
    assert list(answer["content"]) == ["text/csv"]


def test_every_example_is_valid_by_its_schema(full: Any) -> None:
    tried = 0
    for operation in operations(full):
        holders = [*operation.get("parameters", [])]
        holders += operation.get("requestBody", {}).get("content", {}).values()
        for response in operation["responses"].values():
            holders += resolved(full, response).get("content", {}).values()
        for holder in holders:
            judge = schemas.validator(holder["schema"], full["components"]["schemas"])
            for name, example in holder.get("examples", {}).items():
                assert [e.message for e in judge.iter_errors(example["value"])] == [], (
                    operation["operationId"],
                    name,
                )
                tried += 1
    assert tried >= 10


def test_every_documented_call_is_there(model: Model, full: Any) -> None:
    for action in model.actions:
        operation = operation_of(full, action)
        for example in action.examples:
            response = resolved(full, operation["responses"][str(example.status)])
            if example.output is not None and "content" in response:
                assert (
                    response["content"]["application/json"]["examples"][example.name]["value"]
                    == example.output
                )
            if example.status >= 300:
                continue
            for param in action.params:
                if param.place in ("path", "query") and param.name in example.input:
                    shown = next(p for p in operation["parameters"] if p["name"] == param.wire)["examples"]
                    assert example.input[param.name] in [e["value"] for e in shown.values()]


def test_both_forms_hold_the_same_data_for_any_reader(rendered: Rendered) -> None:
    by_path = {a.path: a.data for a in rendered.artifacts()}
    assert set(by_path) == {"openapi/openapi.yaml", "openapi/openapi.json"}
    assert (
        json.loads(by_path["openapi/openapi.json"])
        == yaml.safe_load(by_path["openapi/openapi.yaml"])
        == rendered.data
    )


def test_error_responses_are_shared(model: Model, full: Any) -> None:
    groups = {
        (status, *sorted(codes)) for a in model.actions for status, codes in codes_by_status(model, a).items()
    }
    assert len(full["components"]["responses"]) <= 2 * len(groups)
    used = {
        r["$ref"].split("/")[-1] for o in operations(full) for r in o["responses"].values() if "$ref" in r
    }
    assert used <= set(full["components"]["responses"])


def test_dispatcher_takes_from_each_action_its_own_arguments_only(full: Any, model: Model) -> None:
    for dispatcher in model.dispatchers:
        operation = full["paths"][dispatcher.path][dispatcher.method.lower()]
        judge = schemas.validator(
            operation["requestBody"]["content"]["application/json"]["schema"], full["components"]["schemas"]
        )
        for action in dispatcher.actions:
            required = [p.name for p in action.params if p.required]
            example = next(e.input for e in action.examples if e.status == action.success.status)
            offered = {p.name for p in action.params if p.place != "header" or p.name == action.idempotency}
            good = {name: value for name, value in example.items() if name in offered}
            assert judge.is_valid(plain({dispatcher.selector: action.name, dispatcher.arguments: good}))
            lacking = plain({dispatcher.selector: action.name, dispatcher.arguments: {}})
            assert judge.is_valid(lacking) != bool(required)
            others = {p.name for a in dispatcher.actions for p in a.params} - {p.name for p in action.params}
            if action.unknown == "refused" and others:
                odd = {**good, min(others): next(iter(good.values()), 1)}
                assert not judge.is_valid(
                    plain({dispatcher.selector: action.name, dispatcher.arguments: odd})
                )


def test_dispatcher_takes_the_union_and_answers_any_result(model: Model, full: Any) -> None:
    for dispatcher in model.dispatchers:
        operation = full["paths"][dispatcher.path][dispatcher.method.lower()]
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert body["required"] == [dispatcher.selector]
        assert body["properties"][dispatcher.selector]["enum"] == [a.name for a in dispatcher.actions]
        arguments = body["properties"][dispatcher.arguments]
        names = {
            p.name
            for a in dispatcher.actions
            for p in a.params
            if p.place != "header" or p.name == a.idempotency
        }
        assert set(arguments["properties"]) == names
        assert "required" not in arguments
        judge = schemas.validator(body_schema(full, operation, 200), full["components"]["schemas"])
        results = [e.output for a in dispatcher.actions for e in a.examples if e.status == a.success.status]
        assert results
        assert all(judge.is_valid(r) for r in results)
        assert not judge.is_valid({"unheard_of": 1})


def test_every_member_leads_to_the_catalogue(model: Model, rendered: Rendered) -> None:
    for pointer in pointers(rendered.data):
        if len(pointer) > 1 or pointer in (("info",), ("servers",), ("security",)):
            origin = build.find_origin(rendered, pointer, model.source)
            assert origin, pointer
            assert model.source.has(origin[:1]), (pointer, origin)
    first = model.actions[0]
    at = ("paths", str(first.path), first.method.lower())
    assert build.find_origin(rendered, (*at, "description"), model.source) == first.description.origin
    assert (
        build.find_origin(rendered, (*at, "parameters", 0, "schema", "type"), model.source)[:4]
        == first.params[0].origin
    )
    code = model.errors.always[0]
    assert build.find_origin(rendered, ("components", "responses", code, "description"), model.source)[
        :3
    ] == (
        "errors",
        "codes",
        code,
    )


def pointers(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield here
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from pointers(member, (*here, key))


def test_rare_forms_still_give_valid_documents() -> None:
    """A header whose name can name no component, a body on DELETE, two envelopes at one status, a schema
    in itself, no errors at all.
    """
    odd = read_once(ROOT / "tests/data/odd_catalogue.yaml")
    full = document(odd, "openapi/openapi.json").data
    for path in ("openapi/openapi.json", "openai/openapi.json", "copilot/openapi-3.0.yaml"):
        validate(document(odd, path).data)
    answer = full["components"]["responses"]["bad.other"]
    assert answer["headers"]["X!Odd~"]["schema"] == {"type": "string"}
    judge = schemas.validator(answer["content"]["application/json"]["schema"], full["components"]["schemas"])
    assert judge.is_valid({"code": "bad", "text": "", "why": ["open"]})
    assert judge.is_valid({"code": "other", "text": "", "why": "closed"})
    assert not judge.is_valid({"code": "other", "text": "", "further": 1})
    assert not judge.is_valid({"code": "nokey", "text": ""})
    assert "content" not in full["paths"]["/d"]["post"]["responses"]["200"], (
        "one of its actions answers no body"
    )


def _lot(full: Any) -> Any:
    return full["paths"]["/api/v1/lots/{lot_id}/rates"]["get"]


REFUSED: list[tuple[str, Callable[[Any], None]]] = [
    ("version", lambda d: d.update(openapi="3.0.3")),
    ("misspelt member", lambda d: _lot(d).update(parameter=[])),
    ("path without slash", lambda d: d["paths"].update(lots={"get": _lot(d)})),
    ("path parameter not required", lambda d: _lot(d)["parameters"][0].update(required=False)),
    ("response without description", lambda d: _lot(d)["responses"]["200"].pop("description")),
    ("status", lambda d: _lot(d)["responses"].update({"2000": {"description": "x"}})),
    ("no operationId", lambda d: _lot(d).pop("operationId")),
    ("no JSON Schema", lambda d: _lot(d)["parameters"][0]["schema"].update(type="text")),
    ("component name", lambda d: d["components"]["schemas"].update({"a b": {}})),
    (
        "scopes as a list",
        lambda d: d["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"].update(
            scopes=["read"]
        ),
    ),
    ("reference elsewhere", lambda d: _lot(d)["responses"].update({"404": {"$ref": "other.yaml"}})),
]


@pytest.mark.parametrize("change", [c for _, c in REFUSED], ids=[n for n, _ in REFUSED])
def test_vendor_schema_refuses(change: Callable[[Any], None]) -> None:
    judge = jsonschema_rs.Draft202012Validator(
        json.loads((ROOT / "schemas/vendor/openapi/openapi.schema.json").read_text(encoding="utf-8"))
    )
    full = document(read_once(CATALOGUES[0]), "openapi/openapi.json").data
    assert judge.is_valid(full)
    change(full)
    assert not judge.is_valid(full)


def test_signed_call_shows_what_it_sends_from_a_call_refused_for_its_signature() -> None:
    """A signature that holds later cannot be written down; the body beside it is a good one."""
    park = read_once(ROOT / "catalogue/park_graph.yaml")
    body = document(park, "openapi/openapi.json").data["paths"]["/api/v1/webhooks/stripe"]["post"][
        "requestBody"
    ]["content"]["application/json"]
    (shown,) = body["examples"].values()
    assert shown["value"] == {
        "id": "evt_3RFK7Q2M",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": "pi_3RFK7Q2M"}},
    }


def test_refused_call_of_another_action_shows_no_body() -> None:
    park = read_once(ROOT / "catalogue/park_graph.yaml")
    refused = {
        a.name: {e.name for e in a.examples if e.status >= 400} for a in park.actions if a.signed is None
    }
    for item in document(park, "openapi/openapi.json").data["paths"].values():
        for operation in (
            o for o in item.values() if "requestBody" in o and o["operationId"] != "receivePaymentEvent"
        ):
            names = set(operation["requestBody"]["content"]["application/json"].get("examples", ()))
            assert not any(
                names & some for some in refused.values() if operation["operationId"] != "dispatchAction"
            )


@pytest.mark.parametrize(
    ("status", "schema"), [("404", {}), ("409", {"$ref": "#/components/schemas/Problem"})]
)
def test_a_dispatcher_says_no_envelope_that_an_error_of_an_action_does_not_have(
    status: str, schema: dict[str, Any]
) -> None:
    """A lot that is not there is answered in the form of the lots' own service."""
    later = document(read_once(ROOT / "tests/catalogues/later.yaml"), "openai/openapi.yaml").data
    shown = later["paths"]["/v2/agents"]["post"]["responses"][status]["content"]["application/json"]
    assert plain(shown["schema"]) == schema
