"""`pgagents mcp --tools search` with sign-in: what a caller may not call, he neither finds nor calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calling import answered, served
from hosting import call_as, code_of, hosting, result_of, settings, signed
from issuing import Issuer
from pgagents.base.http import Request, Response
from pgagents.mcp.asgi import create_app
from test_mcp_search import large

pytest_plugins = ("issuer_plugin",)
FLOW = {
    "authorizationUrl": "https://id.example/authorize",
    "tokenUrl": "https://id.example/token",
    "scopes": {"read": "Read", "write": "Write"},
}
SIGN_IN = {"type": "oauth2", "flows": {"authorizationCode": FLOW}}


class Hosted:
    """The large API behind a server that callers sign in to, and what has reached the API."""

    def __init__(self, url: str, asked: list[tuple[str, str, str]]) -> None:
        self.url, self.asked = url, asked

    def find(self, token: str, query: str) -> dict[str, dict[str, Any]]:
        """Return what a search shows to the caller, by name."""
        came = result_of(call_as(self.url, token, tool="search_tools", arguments={"query": query}))
        text = came["content"][0]["text"]
        return {one["name"]: one for one in json.loads(text)["tools"]} if text.startswith("{") else {}

    def call(self, token: str, tool: str, shown: dict[str, Any]) -> str:
        """Call what a search showed; return the error's code, `ok` if there is none."""
        given = {"name": shown["name"], "arguments": {"id": "7"}, "token": shown["token"]}
        return code_of(call_as(self.url, token, tool=tool, arguments=given))


@pytest.fixture
def hosted(issuer: Issuer) -> Iterator[Hosted]:
    asked: list[tuple[str, str, str]] = []

    def api(request: Request) -> Response:
        asked.append((request.method, request.path, str(request.header("Authorization"))))
        return answered(200, {"id": "7"})

    secured = {"components": {"securitySchemes": {"sign_in": SIGN_IN}}, "security": [{"sign_in": ["read"]}]}
    model = large(writes={"sign_in": ["write"]}, **secured)
    with served(api) as url, hosting(create_app(model, settings(issuer), url=url)) as [at]:
        yield Hosted(at, asked)


def test_each_caller_finds_and_calls_what_his_scopes_allow(hosted: Hosted, issuer: Issuer) -> None:
    jane, joe = signed(issuer, scope="read write"), signed(issuer, sub="joe", scope="read")
    found = hosted.find(jane, "delete an invoice")["delete_invoice"]
    assert "delete_invoice" not in hosted.find(joe, "delete an invoice")
    assert hosted.call(jane, "call_write", found) == "ok"
    assert hosted.call(jane, "call_read", found) == "wrong_tool"
    [(method, path, key)] = hosted.asked
    assert (method, path, key.partition("-")[0]) == ("DELETE", "/invoices/7", "Bearer jane")


def test_what_was_shown_to_another_caller_is_not_called(hosted: Hosted, issuer: Issuer) -> None:
    jane, joe = signed(issuer, scope="read write"), signed(issuer, sub="joe", scope="read write")
    found = hosted.find(jane, "get one invoice")["get_invoice"]
    assert hosted.call(joe, "call_read", found) == "not_shown"
    assert hosted.asked == []
    assert hosted.call(joe, "call_read", hosted.find(joe, "get one invoice")["get_invoice"]) == "ok"
    assert [key.partition("-")[0] for *_, key in hosted.asked] == ["Bearer joe"]


def test_scope_is_asked_when_the_call_comes_and_not_only_when_it_was_found(
    hosted: Hosted, issuer: Issuer
) -> None:
    found = hosted.find(signed(issuer, scope="read write"), "archive a folder")["archive_folder"]
    assert hosted.call(signed(issuer, scope="read"), "call_write", found) == "insufficient_scope"
    assert hosted.asked == []
