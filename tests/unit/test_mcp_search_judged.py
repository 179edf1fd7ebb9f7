"""What verify says of the answers of a server that lets models search its tools."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.checks.mcp import mcp_tools

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
    judging = mcp_tools._judge_shown(TRIAL, {"name": "list_books", "token": "t"})
    next(judging)
    assert judging.send(came) == cast(Any, said)
