"""The connector for Copilot Studio: one operation that speaks MCP, its sign-in, and its names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from pgagents.base.registry import folder
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import Built, build
from verifying import ROOT

PAYMENTS = ROOT / "tests" / "catalogues" / "payments.yaml"
CONNECTOR = ("power_platform",)
SIGN_IN = "auth: {type: OAuthPluginVault, reference_id: coinpost_sign_in}"
Document = dict[str, Any]


def load(*edits: tuple[str, str]) -> Model:
    text = PAYMENTS.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return load_text(text, str(PAYMENTS))


def read(built: Built) -> tuple[Document, Document]:
    """Return the definition and the properties."""
    files = {artifact.path.rpartition("/")[2]: artifact.data for artifact in built.artifacts()}
    properties = json.loads(files["apiProperties.json"])["properties"]
    return json.loads(files["apiDefinition.swagger.json"]), properties


@cache
def built() -> Built:
    return build(load(), only=CONNECTOR)


def test_the_one_operation_speaks_mcp() -> None:
    assert [d for d in built().diagnostics if d.severity == "error"] == []
    definition, _ = read(built())
    assert (definition["host"], definition["basePath"]) == ("mcp.coinpost.example", "/")
    (path, item), *rest = definition["paths"].items()
    assert (path, list(item), rest) == ("/mcp", ["post"], [])
    operation = item["post"]
    assert operation["operationId"] == "InvokeMCP"
    assert operation["x-ms-agentic-protocol"] == "mcp-streamable-1.0"
    assert list(operation["responses"]) == ["200"]
    assert operation["summary"].rstrip(".") != operation["description"].rstrip(".")


def test_a_sign_in_without_known_addresses_is_a_listed_loss() -> None:
    definition, properties = read(built())
    assert "security" not in definition
    assert properties["connectionParameters"] == {}
    (view,) = (r.made.view for r in built().rendered if r.made.id == "power_platform/definition")
    assert "sign-in to the server" in {loss.constraint for loss in view.losses}


def test_a_key_in_a_header_is_a_secret_text() -> None:
    """The library's key is in a header of its own."""
    text = (ROOT / "tests" / "catalogues" / "library.yaml").read_text(encoding="utf-8")
    text = text.replace("    auth: {type: OAuthPluginVault, reference_id: lending_desk_sign_in}\n", "")
    own = "copilot_mcp:\n    name: Lending Desk"
    assert own in text
    model = load_text(text.replace(own, f"{own} API").replace(", security: []}", "}"), "library.yaml")
    made = build(model, only=CONNECTOR)
    definition, properties = read(made)
    assert definition["securityDefinitions"]["api_key"]["name"] == "X-API-Key"
    assert definition["security"] == [{"api_key": []}]
    assert properties["connectionParameters"]["api_key"]["type"] == "securestring"
    assert definition["info"]["title"] == "Lending Desk"
    (view,) = (r.made.view for r in made.rendered if r.made.id == "power_platform/definition")
    assert "title `Lending Desk API`" in {loss.constraint for loss in view.losses}


def test_a_flow_with_known_addresses_is_the_connections() -> None:
    text = (ROOT / "catalogue" / "park_graph.yaml").read_text(encoding="utf-8")
    surface = (
        "  copilot_mcp: {actions: commercial, server: https://mcp.parkgraph.com/mcp, package: {developer: P},"
        " auth: {type: OAuthPluginVault, reference_id: x1}}\n"
    )
    model = load_text(text.replace("\nsurfaces:\n", f"\nsurfaces:\n{surface}", 1), "park_graph.yaml")
    definition, properties = read(build(model, only=CONNECTOR))
    scheme = definition["securityDefinitions"]["oauth2"]
    assert (scheme["flow"], scheme["tokenUrl"]) == ("accessCode", "https://parkgraph.com/oauth/token")
    settings = properties["connectionParameters"]["token"]["oAuthSettings"]
    assert settings["customParameters"]["authorizationUrl"]["value"] == scheme["authorizationUrl"]


def test_a_server_that_takes_no_key_asks_for_none() -> None:
    definition, properties = read(build(load((SIGN_IN, "auth: {type: None}")), only=CONNECTOR))
    assert ("security" in definition, properties["connectionParameters"]) == (False, {})


# -- broken copies, by the member that the schema refuses


def _operation(definition: Document) -> Any:
    return definition["paths"]["/mcp"]["post"]


OF_DEFINITION: Mapping[str, Callable[[Document], Any]] = {
    "title of 31": lambda d: d["info"].update(title="x" * 31),
    "title with API": lambda d: d["info"].update(title="Coinpost API for you"),
    "title with a product": lambda d: d["info"].update(title="Coinpost for Power Apps"),
    "title with a full stop": lambda d: d["info"].update(title="Coinpost."),
    "text with a product": lambda d: d["info"].update(description="Pays from Power Automate."),
    "no contact": lambda d: d["info"].pop("contact"),
    "http": lambda d: d.update(schemes=["http"]),
    "host with a scheme": lambda d: d.update(host="https://mcp.coinpost.example"),
    "problem+json": lambda d: d["produces"].append("application/problem+json"),
    "GET": lambda d: d["paths"].update({"/mcp": {"get": _operation(d)}}),
    "two paths": lambda d: d["paths"].update({"/more": d["paths"]["/mcp"]}),
    "other id": lambda d: _operation(d).update(operationId="invokeMcp"),
    "other protocol": lambda d: _operation(d).update({"x-ms-agentic-protocol": "mcp-sse-1.0"}),
    "no protocol": lambda d: _operation(d).pop("x-ms-agentic-protocol"),
    "summary of 81": lambda d: _operation(d).update(summary="x" * 81),
    "summary with a slash": lambda d: _operation(d).update(summary="Find/pay"),
    "description without a full stop": lambda d: _operation(d).update(description="Calls the tools"),
    "no answer": lambda d: _operation(d).update(responses={}),
    "no metadata": lambda d: d.pop("x-ms-connector-metadata"),
    "metadata without a policy": lambda d: d["x-ms-connector-metadata"].pop(1),
    "key in the query": lambda d: d.update(
        securityDefinitions={"k": {"type": "apiKey", "in": "query", "name": "k"}}
    ),
    "OpenAPI 3": lambda d: d.update(openapi="3.0.3"),
}
OF_PROPERTIES: Mapping[str, Callable[[Document], Any]] = {
    "white": lambda p: p.update(iconBrandColor="#FFFFFF"),
    "default blue": lambda p: p.update(iconBrandColor="#007ee5"),
    "colour by name": lambda p: p.update(iconBrandColor="green"),
    "plain key": lambda p: p.update(connectionParameters={"api_key": {"type": "string", "uiDefinition": {}}}),
    "no publisher": lambda p: p.pop("publisher"),
}


def is_taken(kind: str, data: Any) -> bool:
    path = folder("schemas") / "vendor" / "power_platform" / f"{kind}.schema.json"
    return bool(jsonschema_rs.validator_for(json.loads(path.read_bytes())).is_valid(data))


@pytest.mark.parametrize("name", [*OF_DEFINITION, *OF_PROPERTIES])
def test_each_rule_refuses_a_broken_copy(name: str) -> None:
    definition, properties = read(built())
    assert is_taken("definition", definition)
    assert is_taken("properties", {"properties": properties})
    if name in OF_DEFINITION:
        OF_DEFINITION[name](definition)
        assert not is_taken("definition", definition)
    else:
        OF_PROPERTIES[name](properties)
        assert not is_taken("properties", {"properties": properties})
