"""Collections of Postman and Bruno: one request for each action, and no key in a file."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from importing import imported, openapi, operation
from offering import ROOT, park, shop
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.collections import make_sample

LIBRARY = ROOT / "tests/catalogues/library.yaml"
SURFACES = {"postman": {"actions": "all"}, "opencollection": {"actions": "all"}}


def library() -> Model:
    """The library on both surfaces."""
    text = LIBRARY.read_text(encoding="utf-8")
    return load_text(
        text.replace("\nsurfaces:\n", "\nsurfaces:\n  postman: {}\n  opencollection: {}\n"), str(LIBRARY)
    )


def shop_with(**changes: Any) -> Model:
    """The shop on both surfaces, changed in some places."""
    return shop(**changes)


MODELS: dict[str, Callable[[], Model]] = {"park_graph": park, "library": library, "shop": shop_with}


def files(model: Model) -> dict[str, str]:
    """The text of each file of both collections."""
    built = build(model, only=["postman", "opencollection"])
    assert built.diagnostics == ()
    return {a.path: a.data.decode() for a in built.artifacts()}


def items(made: dict[str, str]) -> list[Any]:
    """The requests of the Postman collection."""
    found = []
    for item in json.loads(made["postman/collection.json"])["item"]:
        found += item.get("item", [item])
    return found


@pytest.mark.parametrize("name", MODELS)
def test_each_action_is_one_request(name: str) -> None:
    model = MODELS[name]()
    made = files(model)
    actions = [a for a in model.surfaces["postman"].actions if a.signed is None]
    assert len(items(made)) == len(actions) >= 4
    requests = {path for path in made if path.startswith("opencollection/requests/")}
    assert requests == {f"opencollection/requests/{a.name}.yml" for a in actions}


@pytest.mark.parametrize("name", MODELS)
def test_an_address_is_in_parts(name: str) -> None:
    for item in items(files(MODELS[name]())):
        url = item["request"]["url"]
        assert len(url["host"]) == 1
        joined = "/".join([*url["host"], *url["path"]])
        assert url["raw"].partition("?")[0] == joined
        for part in url["path"]:
            if part.startswith(":"):
                assert [v["value"] for v in url["variable"] if f":{v['key']}" == part] != []


def test_an_opencollection_has_its_files() -> None:
    made = {path: parse(text, path).data for path, text in files(library()).items() if path.endswith(".yml")}
    assert made["opencollection/opencollection.yml"]["opencollection"] == "1.0.0"
    assert made["opencollection/environments/api.yml"]["variables"][0]["value"] == library().api.server
    request = made["opencollection/requests/get_title.yml"]
    assert request["info"]["type"] == "http"
    assert request["http"]["url"] == "{{baseUrl}}/titles/:title_id"
    assert request["settings"] == {"encodeUrl": False, "followRedirects": False}


@pytest.mark.parametrize("name", MODELS)
def test_no_key_stands_in_a_collection(name: str) -> None:
    model = MODELS[name]()
    made = files(model)
    variables = {v["key"]: v["value"] for v in json.loads(made["postman/collection.json"])["variable"]}
    assert variables.pop("baseUrl") == model.api.server
    assert set(variables.values()) <= {"", *(s.url for s in model.servers.values())}
    text = made["opencollection/environments/api.yml"]
    secret = [v for v in parse(text, "api.yml").data["variables"] if v.get("secret")]
    assert [v for v in secret if "value" in v] == []
    assert len(secret) == len(model.credentials)


def offered(document: dict[str, Any], **changes: str) -> Model:
    """The model of an imported document on both surfaces, with texts of its catalogue replaced."""
    text = imported(document).text
    for old, new in {
        "\nsurfaces:\n": "\nsurfaces:\n  postman: {}\n  opencollection: {}\n",
        **changes,
    }.items():
        assert old in text
        text = text.replace(old, new)
    return load_text(text, "books.yaml")


@pytest.mark.parametrize(
    ("scheme", "postman", "bruno"),
    [
        ({"type": "http", "scheme": "bearer"}, "bearer", "bearer"),
        ({"type": "http", "scheme": "basic"}, "basic", "basic"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "apikey", "apikey"),
        ({"type": "apiKey", "in": "query", "name": "key"}, "apikey", "apikey"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, "noauth", "none"),
    ],
)
def test_a_key_is_presented_as_clients_know_it(scheme: dict[str, str], postman: str, bruno: str) -> None:
    secured = {"components": {"securitySchemes": {"theKey": scheme}}, "security": [{"theKey": []}]}
    made = files(offered(openapi({"/books": {"get": operation()}}, **secured)))
    request = items(made)[0]["request"]
    call = parse(made["opencollection/requests/get_book.yml"], "get_book.yml").data["http"]
    assert (request["auth"]["type"], call["auth"]["type"]) == (postman, bruno)
    if scheme.get("in") == "cookie":
        assert {"key": "Cookie", "value": "sid={{token}}"} in request["header"]
        assert {"name": "Cookie", "value": "sid={{token}}"} in call["headers"]


def test_a_text_of_the_catalogue_is_no_variable() -> None:
    model = shop_with(
        actions__place_order__examples__two__input__note="{{baseUrl}}",
        actions__place_order__examples__two__output__order__note="{{baseUrl}}",
    )
    body = next(i["request"]["body"]["raw"] for i in items(files(model)) if "body" in i["request"])
    assert "{{" not in body
    assert json.loads(body)["note"] == "{{baseUrl}}"


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data["info"].update(schema="https://schema.getpostman.com/json/collection/v2.0.0/"),
        lambda data: data["item"].clear(),
        lambda data: data["item"][0]["item"][0]["request"]["url"].pop("host"),
        lambda data: data["item"][0]["item"][0]["request"]["url"]["path"].append("{{id}}"),
        lambda data: data["item"][0]["item"][0]["request"]["auth"].update(type="password"),
        lambda data: data["item"][0]["item"][0]["request"].pop("method"),
        lambda data: data["variable"][0].pop("key"),
    ],
)
def test_the_schema_refuses_a_broken_copy(edit: Callable[[Any], None]) -> None:
    schema = json.loads((ROOT / "schemas/vendor/postman/collection.schema.json").read_bytes())
    data = json.loads(files(library())["postman/collection.json"])
    jsonschema.validate(data, schema)
    broken = copy.deepcopy(data)
    edit(broken)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_a_document_without_examples_gets_values_that_its_schemas_allow() -> None:
    body = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["title", "pages", "kind", "on"],
                    "properties": {
                        "title": {"type": "string", "minLength": 9},
                        "pages": {"type": "integer", "minimum": 5},
                        "kind": {"enum": ["novel", "play"]},
                        "on": {"type": "string", "format": "date"},
                    },
                }
            }
        },
    }
    made = files(offered(openapi({"/books": {"post": operation(requestBody=body)}})))
    raw = json.loads(items(made)[0]["request"]["body"]["raw"])
    assert raw == {"title": "stringxxx", "pages": 5, "kind": "novel", "on": "2030-01-31"}


def test_a_sample_of_a_schema_that_contains_itself_ends() -> None:
    node = {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"$ref": "#/components/schemas/Node"}},
    }
    assert str(make_sample(node, {"Node": node})).count("next") < 20


def test_what_a_collection_cannot_carry_is_a_loss() -> None:
    losses = {
        f"{loss.constraint}: {loss.went}"
        for made in build(library(), only=["postman"]).rendered
        for loss in made.made.view.losses
    }
    assert "further examples of list_titles: dropped" in losses


def test_a_value_that_is_made_is_short_whatever_its_schema_asks_for() -> None:
    assert len(make_sample({"type": "string", "minLength": 10**12}, {})) <= 1_000
    assert len(make_sample({"type": "array", "minItems": 10**12, "items": {"type": "string"}}, {})) <= 10
