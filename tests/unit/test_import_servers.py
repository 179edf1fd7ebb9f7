"""A document's servers are carried: variables of the host, and servers of single operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import fetch, imported, openapi, operation
from language_table import built_of, vendor_files
from pgagents.importer.catalogue import catalogue
from pgagents.importer.document import References, read

EU = {
    "url": "https://{region}.api.example/v1",
    "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}},
}


def made(servers: Any, *paths: dict[str, Any]) -> Any:
    return imported(openapi({f"/{n}": item for n, item in enumerate(paths)}, servers=servers))


def test_server_of_an_operation_is_named_after_its_host() -> None:
    own = {
        "get": {
            **operation(operationId="a"),
            "servers": [{"url": "https://upload.api.example/in", "description": "Takes files"}],
        }
    }
    found = made([{"url": "https://api.example/v1"}], own, {"get": operation(operationId="b")})
    assert found.data["api"]["server"] == "https://api.example"
    assert found.data["api"]["servers"] == {
        "upload": {"url": "https://upload.api.example", "description": "Takes files"}
    }
    assert found.data["actions"]["a"]["server"] == "upload"
    assert found.data["actions"]["a"]["http"] == "GET /in/0"
    assert "server" not in found.data["actions"]["b"]
    assert found.data["actions"]["b"]["http"] == "GET /v1/1"


def test_server_of_a_path_on_the_same_host_is_another_base_path() -> None:
    item = {"servers": [{"url": "/v2"}], "get": operation(operationId="a")}
    found = made([{"url": "https://api.example/v1"}], item)
    assert "servers" not in found.data["api"]
    assert found.data["actions"]["a"]["http"] == "GET /v2/0"


def test_variables_of_the_host_are_kept_and_those_of_the_path_filled_in() -> None:
    server = {**EU, "url": "https://{region}.api.example/{edition}"}
    server["variables"] = {**EU["variables"], "edition": {"default": "v7"}}  # type: ignore[dict-item]
    found = made([server], {"get": operation(operationId="a")})
    assert found.data["api"]["server"] == {
        "url": "https://{region}.api.example",
        "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}},
    }
    assert found.data["actions"]["a"]["http"] == "GET /v7/0"
    assert found.model.api.server == "https://eu.api.example"
    (note,) = [n for n in found.notes if "variables of the server's URL" in n.message]
    assert note.message.endswith("edition")


def test_variable_that_cannot_be_said_is_filled_in() -> None:
    server = {"url": "https://{host}", "variables": {"host": {"default": "api.example:8443"}}}
    assert (
        made([server], {"get": operation(operationId="a")}).data["api"]["server"]
        == "https://api.example:8443"
    )


def test_document_whose_operations_alone_name_a_server_has_that_one() -> None:
    item = {"get": {**operation(operationId="a"), "servers": [{"url": "https://api.example"}]}}
    found = made([], item)
    assert found.data["api"]["server"] == "https://api.example"
    assert "server" not in found.data["actions"]["a"]


def test_what_a_catalogue_says_of_servers_comes_back_from_its_own_document() -> None:
    document = json.loads(vendor_files(built_of("servers"), "openapi")["openapi/openapi.json"])
    found = imported(document)
    assert found.data["api"]["server"]["variables"] == {"region": {"default": "eu", "enum": ["eu", "us"]}}
    (name,) = found.data["api"]["servers"]
    assert found.data["api"]["servers"][name]["url"] == "https://files-{region}.notes.example"
    assert [a.get("server") for a in found.data["actions"].values()].count(name) == 1


@pytest.mark.parametrize("url", ["https://[host]/api", "https://api.example:none/api", "https://[::1"])
def test_server_whose_host_is_none_has_no_address(url: str) -> None:
    """A URL that nobody could call is not a server, and the rest of the document is imported all the same."""
    found = made([{"url": url}], {"get": operation(operationId="a")})
    assert found.data["api"]["server"] == "https://api.example.com"
    assert any("the document names no host" in str(note) for note in found.notes)


def test_operation_whose_own_server_has_no_host_is_at_the_apis_one() -> None:
    item = {"servers": [{"url": "https://[host]/api"}], "get": operation(operationId="a")}
    found = made([{"url": "https://api.example/v1"}], item)
    assert "server" not in found.data["actions"]["a"]
    assert found.data["actions"]["a"]["http"] == "GET /v1/0"
    assert any("own server has no address" in note.message for note in found.notes)


@pytest.mark.parametrize("host", ["https://[::1]", "https://api.example:8443"])
def test_server_at_an_ipv6_address_or_port_is_kept(host: str) -> None:
    found = made([{"url": f"{host}/v1"}], {"get": operation(operationId="a")})
    assert found.data["api"]["server"] == host
    assert found.data["actions"]["a"]["http"] == "GET /v1/0"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("./", "/0"),
        (".", "/0"),
        ("../v1", "/v1/0"),
        ("./v1/", "/v1/0"),
        ("v1", "/v1/0"),
        ("/api/./x/../v2", "/api/v2/0"),
        ("https://api.example/a/../b", "/b/0"),
        ("https://api.example/v1.0/...", "/v1.0/.../0"),
    ],
)
def test_path_of_a_server_has_no_dot_segments(url: str, path: str) -> None:
    found = made([{"url": url}], {"get": operation(operationId="a")})
    assert found.data["actions"]["a"]["http"] == f"GET {path}"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("./", "/docs/v3/0"),
        ("../v1", "/docs/v1/0"),
        ("/v2", "/v2/0"),
        ("https://api.example/v4", "/v4/0"),
        ("/", "/0"),
    ],
)
def test_relative_server_begins_at_the_documents_url(url: str, path: str) -> None:
    """A relative URL is resolved against its document's, as OpenAPI says; the host is asked for."""
    raw = json.dumps(openapi({"/0": {"get": operation(operationId="a")}}, servers=[{"url": url}])).encode()
    location = "https://elsewhere.example/docs/v3/openapi.json"
    found = catalogue(References(read(raw, location, "openapi.json"), fetch), offering=False)
    assert found.data["actions"]["a"]["http"] == f"GET {path}"
    assert "elsewhere" not in found.data["api"]["server"]
