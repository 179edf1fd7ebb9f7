"""MCP: tools as a server lists them, the registry's entry, clients' entries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from offering import OFFERING, park, shop, shop_text
from pgagents.catalogue.load import find_catalogue
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import list_offered
from pgagents.generate.build import build, targets
from pgagents.generate.target import Target
from pgagents.generate.targets.mcp.tools import find_structure


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _files(model: Model) -> dict[str, Any]:
    built = build(model, only=["mcp"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return {a.path.removeprefix("mcp/"): json.loads(a.data) for a in built.artifacts()}


def _tools(model: Model) -> dict[str, dict[str, Any]]:
    return {tool["name"]: tool for tool in _files(model)["tools.json"]["tools"]}


def test_tools_are_in_the_surfaces_order(model: Model) -> None:
    assert list(_tools(model)) == [action.name for action in list_offered(model.surfaces["mcp"])]
    assert build(model, only=["mcp"]).artifacts() == build(model, only=["mcp"]).artifacts()


def test_a_documented_call_fits(model: Model) -> None:
    tried = 0
    for action in model.surfaces["mcp"].actions:
        schema = _tools(model)[action.name]["inputSchema"]
        for example in action.examples:
            if example.status < 300:
                call = {k: v for k, v in example.input.items() if k in schema.get("properties", ())}
                jsonschema_rs.Draft202012Validator(schema).validate(call)
                tried += 1
        assert not jsonschema_rs.Draft202012Validator(schema).is_valid({"no such argument": 1})
    assert tried >= 4


def test_a_documented_answer_is_as_declared(model: Model) -> None:
    tried = 0
    for action in model.surfaces["mcp"].actions:
        for example in action.examples:
            if example.status == action.success.status and example.output is not None:
                jsonschema_rs.Draft202012Validator(_tools(model)[action.name]["outputSchema"]).validate(
                    example.output
                )
                tried += 1
    assert tried >= 4


def test_hints_follow_from_the_catalogue(model: Model) -> None:
    for action in model.surfaces["mcp"].actions:
        hints = _tools(model)[action.name]["annotations"]
        assert hints["readOnlyHint"] == (action.effect == "read")
        assert not (hints["readOnlyHint"] and hints["destructiveHint"])
        removes = action.method in ("PUT", "PATCH", "DELETE") or action.costs or model.is_removal(action)
        assert hints["destructiveHint"] or not removes
        registers = model.webhooks is not None and model.webhooks.registered_by is action
        assert hints["openWorldHint"] is registers
        if action.effect == "read":
            assert hints["idempotentHint"] is True


def test_a_write_is_idempotent_by_its_method_or_a_key_that_every_call_carries() -> None:
    put = {"title": "T", "description": "D.", "http": "PUT /a", "effect": "write", "output": {200: None}}
    key = {"wire": "Idempotency-Key", "in": "header", "type": "string", "description": "The call's own key"}
    post = {**put, "http": "POST /b", "idempotency": "again"}
    actions = {
        "put": put,
        "post": {**put, "http": "POST /a"},
        "may": {**post, "input": {"again": key}},
        "must": {**post, "http": "POST /c", "input": {"again": {**key, "required": True}}},
    }
    model = shop(actions=actions, surfaces={"mcp": {}}, resources={}, workflows={}, groups={})
    hints = {name: tool["annotations"]["idempotentHint"] for name, tool in _tools(model).items()}
    assert hints == {"put": True, "post": False, "may": False, "must": True}


def test_what_must_be_confirmed_says_so_to_clients_and_to_models(model: Model) -> None:
    asked = 0
    for action in model.surfaces["mcp"].actions:
        tool = _tools(model)[action.name]
        assert ("_meta" in tool) == (action.confirm_body is not None)
        if action.confirm_body is not None:
            assert list(tool["_meta"].values()) == [action.confirm_body]
            assert action.confirm_body in tool["description"]
            asked += 1
    assert asked


def test_a_tool_without_arguments_says_only_that() -> None:
    plain = {
        "title": "Ping",
        "description": "Ping.",
        "http": "GET /ping",
        "effect": "read",
        "output": {200: None},
    }
    model = shop(actions__ping=plain)
    assert _tools(model)["ping"]["inputSchema"] == {"type": "object", "additionalProperties": False}
    assert "outputSchema" not in _tools(model)["ping"]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "array", "items": {"type": "string"}, "description": "All names"},
        {"type": "string", "description": "All names"},
        {"description": "All names or their number", "anyOf": [{"type": "string"}, {"type": "integer"}]},
    ],
    ids=["list", "text", "union"],
)
def test_an_answer_that_is_no_object_stands_in_one(answer: dict[str, Any]) -> None:
    output = {200: answer}
    model = shop(
        actions__names={
            "title": "Names",
            "description": "All names.",
            "http": "GET /names",
            "effect": "read",
            "output": output,
        }
    )
    wrapper = _tools(model)["names"]["outputSchema"]
    assert (wrapper["type"], wrapper["required"], list(wrapper["properties"])) == (
        "object",
        ["result"],
        ["result"],
    )
    assert wrapper["properties"]["result"].keys() == answer.keys() - {"description"}
    (action,) = (one for one in model.actions if one.name == "names")
    assert find_structure(model, action) == "wrapped"


def test_an_answer_of_which_nothing_is_known_has_no_output_schema() -> None:
    action = {"title": "Names", "description": "All names.", "http": "GET /names", "effect": "read"}
    model = shop(actions__names={**action, "output": {200: {"description": "All names"}}})
    assert "outputSchema" not in _tools(model)["names"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [("with.dot-and-dash", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("é", False)],
)
def test_a_name_that_no_client_takes_is_refused(name: str, taken: bool) -> None:
    found = build(shop(actions__search_products__texts={"mcp": {"name": name}}), only=["mcp"]).diagnostics
    assert {d.id for d in found} == (set() if taken else {"mcp/tools/refused"})


# the registry and clients


def test_the_registry_names_it_by_the_reversed_host() -> None:
    assert _files(park())["server.json"]["name"] == "com.parkgraph/parkgraph-mcp"
    assert _files(shop())["server.json"]["name"] == "example.shop/corner-shop-mcp"


def test_the_registry_knows_the_package_and_what_it_needs(model: Model) -> None:
    package = _files(model)["server.json"]["packages"][0]
    assert (package["identifier"], package["version"]) == (model.surfaces["mcp"].server, model.api.version)
    key, url = package["environmentVariables"]
    assert (key["name"], key["isSecret"], key["isRequired"]) == (model.surfaces["mcp"].env["key"], True, True)
    assert (url["name"], url["default"]) == (model.surfaces["mcp"].env["url"], model.api.server)


def test_a_surface_that_names_nothing_gets_names_from_the_api() -> None:
    files = _files(shop(surfaces__mcp={}))
    assert files["clients.json"][".cursor/mcp.json"]["mcpServers"]["cornershop-mcp"]["env"] == {
        "CORNERSHOP_API_KEY": "${env:CORNERSHOP_API_KEY}",
        "CORNERSHOP_API_URL": "https://shop.example",
    }


def test_without_a_package_clients_start_pgagents_on_the_file_that_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No registry's entry is written, as nothing is published. The path holds where `build` ran."""
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "mine.yaml").write_text(shop_text(surfaces__mcp={}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    model = find_catalogue(None)
    assert model is not None
    files = _files(model)
    assert set(files) == {"clients.json", "tools.json"}
    clients = files["clients.json"]
    lines = {
        name: [entry["command"], *entry["args"]]
        for name, servers in clients.items()
        for entry in (servers.get("mcpServers") or servers["servers"]).values()
    }
    assert lines == {
        "claude_desktop_config.json": ["pgagents", "mcp", "catalogue/mine.yaml"],
        ".cursor/mcp.json": ["pgagents", "mcp", "catalogue/mine.yaml"],
        ".vscode/mcp.json": ["pgagents", "mcp", "${workspaceFolder}/catalogue/mine.yaml"],
    }
    started = find_catalogue(Path(lines[".cursor/mcp.json"][2]))
    assert started is not None
    assert started.source.text == model.source.text
    absolute = find_catalogue(tmp_path / "catalogue" / "mine.yaml")
    assert absolute is not None
    assert _files(absolute)["clients.json"] == clients
    target = targets()["mcp/clients"]
    assert isinstance(target, Target)
    assert [loss.constraint for loss in target.view(model).losses] == [
        "path of the catalogue for Claude Desktop",
        "server `pgagents mcp`",
    ]


def test_further_members_are_laid_into_the_registrys_entry() -> None:
    remotes = [{"type": "streamable-http", "url": "https://shop.example/mcp"}]
    entry = _files(shop(surfaces__mcp__extra={"remotes": remotes}))["server.json"]
    assert entry["remotes"] == remotes


def test_a_description_too_long_for_the_registry_is_refused() -> None:
    assert _files(shop(surfaces__mcp__description="x" * 100))["server.json"]["description"] == "x" * 100
    found = build(shop(surfaces__mcp__description="x" * 101), only=["mcp"]).diagnostics
    assert [(d.id, d.severity) for d in found] == [("mcp/server/refused", "error")]


def test_every_client_starts_the_same_server(model: Model) -> None:
    clients = _files(model)["clients.json"]
    surface = model.surfaces["mcp"]
    started = [
        clients["claude_desktop_config.json"]["mcpServers"],
        clients[".cursor/mcp.json"]["mcpServers"],
        clients[".vscode/mcp.json"]["servers"],
    ]
    for servers in started:
        assert list(servers) == [surface.server]
        entry = servers[surface.server]
        assert [entry["command"], *entry["args"]] == ["npx", "-y", surface.server]
        assert list(entry["env"]) == [surface.env["key"], surface.env["url"]]


def test_no_key_stands_in_a_file_that_is_shared(model: Model) -> None:
    clients = _files(model)["clients.json"]
    server, key = model.surfaces["mcp"].server, model.surfaces["mcp"].env["key"]
    assert clients[".cursor/mcp.json"]["mcpServers"][server]["env"][key] == f"${{env:{key}}}"
    vscode = clients[".vscode/mcp.json"]
    assert vscode["servers"][server]["env"][key] == f"${{input:{vscode['inputs'][0]['id']}}}"
    assert vscode["inputs"][0]["password"] is True


# the server card


def _card(**changes: Any) -> tuple[dict[str, Any], set[str]]:
    """The card of the shop's server, hosted, and the ids of what is wrong with it."""
    server = {"package": "npm:corner-shop-mcp", "url": "https://shop.example/mcp"}
    built = build(shop(surfaces__mcp__server=server, **changes), only=["mcp/server_card"])
    return json.loads(built.files[0].data), {d.id for d in built.diagnostics}


def test_the_card_says_what_the_registry_says() -> None:
    server = {"package": "npm:corner-shop-mcp", "url": "https://shop.example/mcp"}
    registry = _files(shop(surfaces__mcp__server=server))["server.json"]
    card, wrong = _card()
    assert wrong == set()
    for member in ("name", "version", "title", "description", "websiteUrl", "remotes"):
        assert card[member] == registry[member]
    assert "tools" not in card


def test_the_card_tells_a_key_without_its_value() -> None:
    (remote,) = _card()[0]["remotes"]
    (header,) = remote["headers"]
    assert (header["name"], header["isSecret"], header["value"]) == ("Authorization", True, "Bearer {key}")


def test_a_card_with_a_longer_description_is_refused() -> None:
    assert _card(surfaces__mcp__description="x" * 100)[1] == set()
    assert _card(surfaces__mcp__description="x" * 101)[1] == {"mcp/server_card/refused"}


def test_a_server_that_clients_start_has_no_card() -> None:
    assert "server-card.json" not in _files(park())
