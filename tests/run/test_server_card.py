"""A server card is compared with the live MCP server: what contradicts it is found, what it may say not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.inprocess import HOST, inside, mcp_inside, over_tls, verify_sandbox
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import mcp_fault_helpers as mcp
from pgagents.verify.checks.discovery.server_card import NO_TOOLS, NO_VERSIONS, OTHER_HOSTS
from pgagents.verify.plan.options import DISCOVERY, Options
from pgagents.verify.wire.endpoint import NO_MCP
from verifying import ROOT, ids, model

LATER = ROOT / "tests" / "catalogues" / "later.yaml"
CARD = "/mcp/server-card"
LIVE = f"{HOST}/mcp"
Edit = Callable[[dict[str, Any]], dict[str, Any]]


def _edit_card(handler: Handler, edit: Edit) -> Handler:
    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        if request.path != CARD or not isinstance(found, Response) or not found.body:
            return found
        return replace(found, body=json.dumps(edit(json.loads(found.body))).encode())

    return answer


def _verify(
    edit: Edit = lambda card: card, told: Edit | None = None, only: tuple[str, ...] = ("server_card/",)
) -> Report:
    """Verify the sandbox with a card that was edited, and an MCP server that tells something else."""
    of = model(LATER)
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        if told is not None:
            link.handler = mcp.results(link.handler, "server/discover", lambda _, result: told(result))
        handler = _edit_card(over_tls(opened.sandbox.handler), edit)
        return verify_sandbox(of, opened, Options(only=only), handler=handler, mcp=link)


def _remote(**members: Any) -> Edit:
    return lambda card: {**card, "remotes": [{**card["remotes"][0], **members}]}


def _version(version: str) -> Edit:
    return lambda card: {**card, "version": version}


def test_right_card_is_kept_and_says_what_it_leaves_to_the_server() -> None:
    report = _verify()
    told = {
        r.contract.detail: (r.verdict, r.reason) for r in report.results if "server_card" in r.contract.id
    }
    left = Verdict.NOT_APPLICABLE
    assert told == {
        "version": (Verdict.KEPT, ""),
        "revisions": (left, NO_VERSIONS),
        "address": (left, OTHER_HOSTS),
        "tools": (left, NO_TOOLS),
    }
    assert report.exit_code == 0


CONTRADICTIONS: Mapping[str, tuple[str, Edit]] = {
    "an older version": ("version", _version("1.9.9")),
    "a version of other words": ("version", _version("spring")),
    "a revision that it does not have": ("revisions", _remote(supportedProtocolVersions=["2027-01-31"])),
    "another path": ("address", _remote(url=f"{HOST}/agents")),
    "another transport": ("address", _remote(url=LIVE, type="sse")),
    "a tool that is gone": ("tools", lambda card: {**card, "tools": [{"name": "no_such_tool"}]}),
}
LEGAL: Mapping[str, Edit] = {
    "a patch behind": _version("2.0.7"),
    "a patch and a build": _version("2.0.1+build.5"),
    "another title": lambda card: {**card, "title": "Park later"},
    "another name of a registry": lambda card: {**card, "name": "example.other/park"},
    "the revision that it has": _remote(supportedProtocolVersions=["2026-07-28"]),
    "older revisions too": _remote(supportedProtocolVersions=["2025-06-18", "2026-07-28"]),
    "its address with a slash": _remote(url=f"{LIVE}/"),
    "another host": _remote(url="https://eu.later.example/mcp"),
    "some of its tools": lambda card: {**card, "tools": [{"name": "search_lots"}]},
    "odd members": _remote(supportedProtocolVersions="2026-07-28", url=7),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_card_that_contradicts_the_server_is_found(name: str) -> None:
    detail, edit = CONTRADICTIONS[name]
    assert ids(_verify(edit), Verdict.BROKEN) == [f"server_card/{detail}@mcp"]


@pytest.mark.parametrize("name", LEGAL)
def test_card_that_says_less_or_as_much_is_not_reported(name: str) -> None:
    report = _verify(LEGAL[name])
    assert ids(report, Verdict.BROKEN) == []
    assert ids(report, Verdict.UNTESTED) == []


def test_server_of_a_newer_version_than_its_card_is_found() -> None:
    def newer(told: dict[str, Any]) -> dict[str, Any]:
        named = "io.modelcontextprotocol/serverInfo"
        info = {"name": "later", "version": "3.0.0"}
        return {**told, "serverInfo": info, "_meta": {**told.get("_meta", {}), named: info}}

    (finding,) = _verify(told=newer).findings
    assert finding.contract.id == "server_card/version@mcp"
    assert "3.0.0" in finding.expected


def test_without_an_mcp_server_the_card_is_compared_with_none() -> None:
    of = model(LATER)
    report = verify_sandbox(of, inside(of), Options(only=("server_card/",)))
    assert {r.reason for r in report.results if r.contract.check == "server_card"} == {NO_MCP}


def test_card_that_is_not_there_is_untested_here() -> None:
    def answer(card: dict[str, Any]) -> Any:
        return [card]

    report = _verify(answer)
    assert len(ids(report, Verdict.UNTESTED)) == 4


def test_discovery_compares_the_card_without_a_key() -> None:
    of = model(LATER)
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        options = Options(only=DISCOVERY, only_said="--discovery", keyless=True)
        report = verify_sandbox(of, opened, options, keys={}, mcp=link)
    assert "server_card/version@mcp" in ids(report, Verdict.KEPT)
    assert report.exit_code == 0, [
        (r.contract.id, r.reason) for r in report.results if r.verdict is Verdict.UNTESTED
    ]
