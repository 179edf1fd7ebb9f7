"""What verify says of the answers of a server that lets models search its tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from inprocess import inside, mcp_inside, verify_sandbox
from pgagents.mcp import server
from pgagents.mcp.search import Call, ToolSearch
from pgagents.report.contract import Verdict
from pgagents.verify.checks.mcp import mcp_tools
from pgagents.verify.plan.options import Options
from test_mcp_search import large

TRIAL = cast(
    Any,
    SimpleNamespace(kept=lambda: "kept", untested=lambda _: "untested", broken=lambda *_: "broken"),
)


def answer(monkeypatch: pytest.MonkeyPatch, code: str) -> Any:
    """Return the exchange of a call that was refused with a code, or made if it is empty."""
    result = {"isError": bool(code), "text": json.dumps({"error": {"code": code}} if code else {"id": "7"})}
    monkeypatch.setattr(mcp_tools, "result_of", lambda _: result)
    monkeypatch.setattr(mcp_tools, "error_of", lambda _: None)
    monkeypatch.setattr(mcp_tools, "text_of", lambda one: one["text"])
    return SimpleNamespace(void=False, answer=None)


@pytest.mark.parametrize(
    ("code", "said"),
    [("", "broken"), ("not_shown", "kept"), ("wrong_tool", "kept"), ("invalid_arguments", "broken")],
)
def test_a_call_that_must_be_refused(code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mcp_tools._judge_refusal(TRIAL, answer(monkeypatch, code)) == cast(Any, said)


@pytest.mark.parametrize(
    ("code", "said"),
    [("", "kept"), ("not_shown", "broken"), ("wrong_tool", "broken"), ("absent", "untested")],
)
def test_a_call_as_a_search_showed_it(code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    came = answer(monkeypatch, code)
    concluded: list[Any] = []
    trial = cast(Any, SimpleNamespace(**vars(TRIAL), ask=lambda _: came))
    monkeypatch.setattr(mcp_tools, "conclude", concluded.append)
    mcp_tools._judge_shown(trial, {"name": "list_books", "token": "t"})
    assert concluded == [said]


def _take_any_token(search: ToolSearch, called: str, arguments: Mapping[str, Any], caller: str) -> Any:
    tool = search.tools[arguments["name"]]
    return _TAKE(search, called, {**arguments, "token": search.make_token(tool, caller)}, caller)


def _read_all(search: ToolSearch, called: str, arguments: Mapping[str, Any], caller: str) -> Any:
    for tried in ("call_read", "call_write"):
        taken = _TAKE(search, tried, arguments, caller)
        if isinstance(taken, Call):
            return taken
    return _TAKE(search, called, arguments, caller)


def _forget(search: ToolSearch, called: str, arguments: Mapping[str, Any], caller: str) -> Any:
    return _TAKE(search, called, {**arguments, "token": "0123456789"}, caller)


_TAKE = ToolSearch.take


@pytest.mark.parametrize(
    ("wrong", "broken"),
    [
        (ToolSearch.take, []),
        (_take_any_token, ["unshown_is_not_called"]),
        (_read_all, ["read_calls_no_write"]),
        (_forget, ["shown_is_called"]),
    ],
)
def test_a_server_whose_search_is_wrong_is_found(
    wrong: Any, broken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "make_server", partial(server.make_server, searching=True))
    monkeypatch.setattr(ToolSearch, "take", wrong)
    model = large()
    opened = inside(model)
    with mcp_inside(model, opened) as link:
        report = verify_sandbox(model, opened, Options(only=("mcp_tools/",), allow_writes=True), mcp=link)
    verdicts = {
        one.contract.id.split("/")[1].split("@")[0]: one.verdict
        for one in report.results
        if one.contract.id.split("/")[1].split("@")[0] in mcp_tools.SEARCHES
    }
    assert [name for name, verdict in verdicts.items() if verdict is Verdict.BROKEN] == broken
    assert len(verdicts) == 3
    assert Verdict.UNTESTED not in verdicts.values()
