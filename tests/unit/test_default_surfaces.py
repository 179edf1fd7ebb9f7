"""The data alone decides on which surfaces an API is offered, where nobody says so."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.importer.default_surfaces import MOST_TOOLS, find_default_surfaces, list_plain

HEADER = {"type": "api_key", "in": "header", "name": "X-API-Key"}
BEARER = {"type": "http_bearer"}
FLOW = {"authorization_url": "https://a.example/a", "token_url": "https://a.example/t", "scopes": {}}
USERS = {"type": "oauth2", "flows": {"authorization_code": FLOW}}
MACHINES = {"type": "oauth2", "flows": {"client_credentials": {"token_url": "https://a.example/t"}}}


def catalogue(scheme: dict[str, Any] | None, count: int = 2, **api: Any) -> dict[str, Any]:
    """A catalogue whose calls need this key."""
    actions = {f"get_{n}": {"http": f"GET /{n}", "output": {200: {"type": "object"}}} for n in range(count)}
    return {
        "api": {"id": "my_notes", "server": "https://a.example", "for_people": "Notes", **api},
        "security": [{"own": []}] if scheme else [],
        "auth": {"schemes": {"own": scheme}} if scheme else {},
        "actions": actions,
    }


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        (None, {"type": "None"}),
        (HEADER, {"type": "ApiKeyPluginVault", "reference_id": "my_notes_api_key"}),
        (BEARER, {"type": "ApiKeyPluginVault", "reference_id": "my_notes_api_key"}),
        ({"prefixes": {}}, {"type": "ApiKeyPluginVault", "reference_id": "my_notes_api_key"}),
        (USERS, {"type": "OAuthPluginVault", "reference_id": "my_notes_oauth"}),
    ],
)
def test_copilots_sign_in_follows_from_the_scheme(
    scheme: dict[str, Any] | None, auth: dict[str, str]
) -> None:
    found = find_default_surfaces(catalogue(scheme)).surfaces["copilot"]
    assert found == {"actions": "all", "namespace": "mynotes", "auth": auth}


@pytest.mark.parametrize(
    ("scheme", "left_out"),
    [
        ({"type": "http_basic"}, {"copilot"}),
        (MACHINES, {"copilot", "openai"}),
        ({"type": "api_key", "in": "query", "name": "key"}, {"openai"}),
        ({"type": "api_key", "in": "cookie", "name": "sid"}, {"copilot", "openai"}),
        ({"type": "unsendable"}, {"copilot", "openai"}),
    ],
)
def test_vendor_that_cannot_send_the_key_is_left_out_with_a_sentence(
    scheme: dict[str, Any], left_out: set[str]
) -> None:
    found = find_default_surfaces(catalogue(scheme))
    assert found.left_out.keys() - {"ai_plugin"} == left_out
    assert all(" cannot send " in found.left_out[name] for name in left_out)
    assert found.surfaces.keys() == {*list_plain(), "mcp", "copilot"} - left_out


def test_plugin_manifest_needs_a_hosted_document_and_a_form_that_it_can_name() -> None:
    hosted = {"hosted": {"openai/openapi.yaml": "/openapi.yaml"}}
    assert "api.hosted" in find_default_surfaces(catalogue(BEARER)).left_out["ai_plugin"]
    assert find_default_surfaces(catalogue(BEARER, **hosted)).surfaces["ai_plugin"] == {"actions": "all"}
    refused = find_default_surfaces(catalogue(HEADER, **hosted)).left_out["ai_plugin"]
    assert refused == "it knows Bearer and Basic alone, and calls send `X-API-Key: KEY`"
    many = find_default_surfaces(catalogue(BEARER, 31, **hosted)).left_out
    assert many["ai_plugin"] == "it names the document of `openai`, which is left out"


def test_vendor_that_takes_fewer_actions_is_left_out_until_some_are_chosen() -> None:
    data = catalogue(None, MOST_TOOLS + 1)
    found = find_default_surfaces(data)
    assert found.surfaces.keys() == list_plain().keys() - {"openai"}
    assert found.left_out["openai"] == "41 actions, and it takes 30; choose them: `groups: {agents: […]}`"
    assert found.left_out["mcp"] == "41 actions, and it takes 40; choose them: `groups: {agents: […]}`"
    data["groups"] = {"agents": ["get_0", "get_3"]}
    chosen = find_default_surfaces(data, "agents")
    assert chosen.left_out.keys() == {"ai_plugin"}
    assert {settings["actions"] for settings in chosen.surfaces.values()} == {"agents"}


@pytest.mark.parametrize("server", ["http://a.example", "https://a.example:8443"])
def test_vendor_that_calls_https_alone_is_left_out(server: str) -> None:
    found = find_default_surfaces(catalogue(None, server=server))
    assert found.left_out.keys() == {"openai", "copilot", "ai_plugin"}
    assert server in found.left_out["openai"]


def test_gemini_cli_gets_its_extension_beside_the_mcp_server() -> None:
    assert find_default_surfaces(catalogue(None)).surfaces["gemini"] == {"actions": "all", "listing": {}}
    assert find_default_surfaces(catalogue(None, 41)).surfaces["gemini"] == {"actions": "all"}


def test_health_check_is_offered_to_no_model() -> None:
    from importing import openapi, operation
    from overlaying import over

    paths = {"/books": {"get": operation()}, "/healthz": {"get": operation(operationId="health")}}
    model = over(document=openapi(paths))
    offered = {name: [str(a.name) for a in s.actions] for name, s in model.surfaces.items()}
    assert offered["mcp"] == ["get_book"]
    assert offered["rest"] == ["get_book", "health"]
