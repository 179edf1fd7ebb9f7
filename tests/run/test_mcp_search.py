"""`pgagents mcp --tools search`: what a search shows can be called as shown, and nothing else can."""

from __future__ import annotations

import json
from typing import Any

import mcp
import pytest

from calling import Script, answered, client_of
from importing import openapi
from overlaying import over
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Problem
from pgagents.mcp.search import MOST_FOUND, ToolSearch, is_usual, widen
from pgagents.mcp.settings import Settings
from test_mcp_server import ERAS, error_of, talked

NOUNS = ("dashboard", "chart", "dataset", "invoice", "wallet", "report", "alert", "template", "folder", "key")


def book(id: str, summary: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    return {"operationId": id, "summary": summary, "responses": {"200": answer}, **more}


def large(writes: dict[str, list[str]] | None = None, **more: Any) -> Model:
    """Ten nouns with eight operations each, of which agents are offered two.

    `writes` is what a write needs to be allowed, and `more` stands in the document.
    """
    paths: dict[str, Any] = {}
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    for noun in NOUNS:
        paths[f"/{noun}s"] = {
            "get": book(f"list_{noun}s", f"Lists the {noun}s"),
            "post": book(f"create_{noun}", f"Creates a {noun}"),
        }
        paths[f"/{noun}s/{{id}}"] = {
            "parameters": path_id,
            "get": book(f"get_{noun}", f"Gets one {noun}"),
            "patch": book(f"change_{noun}", f"Changes a {noun}"),
            "delete": book(f"delete_{noun}", f"Deletes a {noun}"),
        }
        for verb in ("archive", "copy", "share"):
            summary = f"{verb.title()}s a {noun} with others"
            paths[f"/{noun}s/{{id}}/{verb}"] = {
                "parameters": path_id,
                "post": book(f"{verb}_{noun}", summary),
            }
    secret = [{"name": "password", "in": "query", "schema": {"type": "string"}}]
    paths["/login"] = {"post": book("log_in", "Signs a wallet in with a password", parameters=secret)}
    for item in paths.values() if writes else ():
        for method in item.keys() - {"get", "parameters"}:
            item[method]["security"] = [writes]
    return over("groups: {agents: [list_dashboards, get_dashboard]}\n", openapi(paths, **more))


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shown(result: Any) -> list[dict[str, Any]]:
    assert not result.is_error
    found: list[dict[str, Any]] = json.loads(result.content[0].text)["tools"]
    return found


def converse(talk: Any, era: str = "legacy", **more: Any) -> tuple[Any, Script]:
    script = Script(answered(200, {"id": "7"}))
    return talked(client_of(large(), script), talk, era, searching=True, **more), script


def test_chosen_tools_are_listed_with_three_more(era: str) -> None:
    listed, _ = converse(lambda peer: peer.list_tools(), era)
    names = [tool.name for tool in listed.tools]
    assert names == ["list_dashboards", "get_dashboard", "search_tools", "call_read", "call_write"]
    hints = {tool.name: tool.annotations for tool in listed.tools}
    assert (hints["search_tools"].read_only_hint, hints["call_read"].read_only_hint) == (True, True)
    assert (hints["call_write"].read_only_hint, hints["call_write"].destructive_hint) == (False, True)


def test_what_a_search_shows_can_be_called_as_shown(era: str) -> None:
    async def talk(peer: mcp.Client) -> Any:
        found = shown(await peer.call_tool("search_tools", {"query": "delete an invoice"}))
        assert len(found) <= MOST_FOUND
        assert found[0]["name"] == "delete_invoice"
        assert {"inputSchema", "annotations", "description"} <= found[0].keys()
        given = {"name": "delete_invoice", "arguments": {"id": "7"}, "token": found[0]["token"]}
        assert not (await peer.call_tool("call_write", given)).is_error
        several = shown(await peer.call_tool("search_tools", {"query": "get one invoice"}))
        read = next(one for one in several if one["name"] == "get_invoice")
        again = {"name": read["name"], "arguments": {"id": "7"}, "token": read["token"]}
        return await peer.call_tool("call_read", again), await peer.call_tool("call_read", given)

    (came, refused), script = converse(talk, era)
    assert came.structured_content == {"id": "7"}
    assert error_of(refused)["code"] == "wrong_tool"
    assert [(one.method, one.path) for one in script.asked] == [
        ("DELETE", "/invoices/7"),
        ("GET", "/invoices/7"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"token": "0123456789"},
        {"token": ""},
        {"name": "create_wallet"},
        {"name": "log_in"},
        {"name": "x" * 500},
    ],
)
def test_what_was_not_shown_is_not_called(change: dict[str, str]) -> None:
    async def talk(peer: mcp.Client) -> Any:
        found = shown(await peer.call_tool("search_tools", {"query": "share a folder"}))[0]
        given = {"name": found["name"], "arguments": {"id": "7"}, "token": found["token"], **change}
        return await peer.call_tool("call_write", given)

    refused, script = converse(talk)
    assert error_of(refused)["code"] == "not_shown"
    assert len(str(refused)) < 1_500
    assert script.asked == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_tools", {"query": "a " * 500_000}),
        ("search_tools", {}),
        ("search_tools", {"query": 3}),
        ("search_tools", {"query": "  "}),
        ("call_read", {"name": "get_key"}),
        ("call_write", {"name": "x", "arguments": [], "token": "y"}),
    ],
)
def test_bad_input_is_one_short_message(tool: str, arguments: dict[str, Any]) -> None:
    refused, script = converse(lambda peer: peer.call_tool(tool, arguments))
    assert error_of(refused)["code"] == "invalid_arguments"
    assert len(str(refused)) < 1_000
    assert script.asked == []


def test_wrong_arguments_are_refused_as_those_of_a_listed_tool() -> None:
    async def talk(peer: mcp.Client) -> Any:
        several = shown(await peer.call_tool("search_tools", {"query": "get one wallet"}))
        found = next(one for one in several if one["name"] == "get_wallet")
        return await peer.call_tool(
            "call_read", {"name": found["name"], "arguments": {}, "token": found["token"]}
        )

    refused, script = converse(talk)
    assert error_of(refused)["code"] == "invalid_arguments"
    assert script.asked == []


def test_tool_that_is_not_listed_cannot_be_called_by_its_name() -> None:
    async def talk(peer: mcp.Client) -> str:
        with pytest.raises(mcp.MCPError) as refusal:
            await peer.call_tool("delete_wallet", {"id": "7"})
        return str(refusal.value)

    said, script = converse(talk)
    assert "Unknown tool" in said
    assert script.asked == []


def test_secrets_and_what_the_caller_may_not_call_are_not_found() -> None:
    search = ToolSearch(large())
    assert "log_in" not in search.tools
    names = [tool.listed["name"] for tool in search.find("sign in with a password", None)]
    assert "log_in" not in names

    def allowed(action: Any) -> Problem | None:
        return None if action.effect == "read" else Problem("insufficient_scope", "no", sent=False)

    found = [tool.listed["name"] for tool in search.find("delete the wallets", allowed)]
    assert set(found) <= {f"{verb}_{noun}" for noun in NOUNS for verb in ("get",)} | {
        f"list_{n}s" for n in NOUNS
    }


def test_token_is_of_the_definition_and_the_caller() -> None:
    search, same = ToolSearch(large()), ToolSearch(large())
    tool = search.tools["get_wallet"]
    assert search.make_token(tool, "a") == same.make_token(same.tools["get_wallet"], "a")
    assert search.make_token(tool, "a") != search.make_token(tool, "b")
    tool.listed["description"] += " Changed."
    assert search.make_token(tool, "a") != same.make_token(same.tools["get_wallet"], "a")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("show me all charts", "list_charts"),
        ("remove a report", "delete_report"),
        ("make a new alert", "create_alert"),
        ("share my template", "share_template"),
        ('"; DROP TABLE tool; -- folder copy', "copy_folder"),
    ],
)
def test_words_of_a_user_find_the_tool(query: str, name: str) -> None:
    assert name in [tool.listed["name"] for tool in ToolSearch(large()).find(query, None)]


def test_search_is_usual_for_a_large_api_alone_and_never_beyond_an_authors_list() -> None:
    model = large()
    assert is_usual(model)
    assert Settings().searches(model)
    assert not Settings(tools="listed").searches(model)
    listed = over("surfaces: {mcp: {actions: [list_notes]}}\n")
    assert not is_usual(listed)
    assert [str(a.name) for a in widen(listed).surfaces["mcp"].actions] == ["list_notes"]


def test_a_key_beside_the_arguments_costs_no_tool() -> None:
    cookie = [{"name": "access_token", "in": "cookie", "schema": {"type": "string"}}]
    common = [{"name": "api_key", "in": "query", "schema": {"type": "string"}}]
    paths = {f"/{n}s": {"get": book(f"list_{n}s", f"Lists {n}s", parameters=common)} for n in NOUNS}
    paths["/me"] = {"get": book("get_me", "Gets me", parameters=cookie)}
    search = ToolSearch(over("groups: {agents: [list_charts]}\n", openapi(paths)))
    assert {"list_wallets", "get_me"} <= search.tools.keys()
    assert "api_key" not in search.tools["list_wallets"].listed["inputSchema"].get("properties", {})


def test_a_search_shows_what_an_import_offers_and_no_health_check() -> None:
    paths = {f"/{n}s": {"get": book(f"list_{n}s", f"Lists {n}s")} for n in NOUNS}
    paths["/api/Healthz/"] = {"get": book("is_well", "Says if the server of wallets is well")}
    paths["/state"] = {"get": book("health", "Says if the server of wallets is well")}
    model = over("", openapi(paths))
    search = ToolSearch(model)
    assert list(search.tools) == [str(action.name) for action in model.surfaces["mcp"].actions]
    assert [tool.listed["name"] for tool in search.find("is the server of wallets well", None)] == [
        "list_wallets"
    ]
    listed = ToolSearch(over("surfaces: {mcp: {actions: [health, is_well]}}\n", openapi(paths)))
    assert list(listed.tools) == ["health", "is_well"]


def test_a_word_counts_by_how_rare_it_is_among_the_names() -> None:
    user = [{"name": "user", "in": "query", "description": "The user", "schema": {"type": "string"}}]
    paths: dict[str, Any] = {
        f"/{n}s": {"get": book(f"list_{n}s", f"Lists the {n}s of a user", parameters=user)} for n in NOUNS
    }
    paths["/users"] = {"post": book("create_user", "Creates a user. A long text about who may sign up")}
    paths["/short"] = {"post": book("create_it", "Creates it")}
    found = ToolSearch(over("groups: {agents: [list_charts]}\n", openapi(paths))).find("make a user", None)
    assert found[0].listed["name"] == "create_user"
