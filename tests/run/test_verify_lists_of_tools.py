"""A tool puts a list into a member of its structured content, and verify reads it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from sandboxes import ROOT
from verifying import ids, inside, mcp_inside, model, verify_sandbox

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
FITS, TEXT = "mcp_results/fits/list_copies@mcp", "mcp_results/text/list_copies@mcp"
SAME = "surface_equivalence/ordinary/list_copies@mcp"
Change = Callable[[dict[str, Any]], dict[str, Any]]


def text_alone(result: dict[str, Any]) -> dict[str, Any]:
    """A server of a list need not have structured content."""
    bare = json_bytes(result["structuredContent"]["result"]).decode()
    kept = {name: value for name, value in result.items() if name != "structuredContent"}
    return {**kept, "content": [{"type": "text", "text": bare}]}


def bare_list(result: dict[str, Any]) -> dict[str, Any]:
    """The newest revision takes any structured content."""
    copies = result["structuredContent"]["result"]
    return {**result, "structuredContent": copies, "content": [_text(copies)]}


def text_of_the_list(result: dict[str, Any]) -> dict[str, Any]:
    """FastMCP has the list alone in the text, and the object in the structured content."""
    return {**result, "content": [_text(result["structuredContent"]["result"])]}


def texts_for_numbers(result: dict[str, Any]) -> dict[str, Any]:
    copies = [{**copy, "number": str(copy["number"])} for copy in result["structuredContent"]["result"]]
    return {**result, "structuredContent": {"result": copies}, "content": [_text({"result": copies})]}


def another_text(result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "content": [_text([])]}


def _text(data: Any) -> dict[str, Any]:
    return {"type": "text", "text": json_bytes(data).decode()}


CASES: dict[str, tuple[Change, dict[str, Verdict]]] = {
    "as it is": (lambda result: result, {FITS: Verdict.KEPT, TEXT: Verdict.KEPT, SAME: Verdict.KEPT}),
    "text alone": (
        text_alone,
        {FITS: Verdict.NOT_APPLICABLE, TEXT: Verdict.NOT_APPLICABLE, SAME: Verdict.KEPT},
    ),
    "bare list": (bare_list, {FITS: Verdict.KEPT, TEXT: Verdict.KEPT, SAME: Verdict.KEPT}),
    "text of the list": (text_of_the_list, {FITS: Verdict.KEPT, TEXT: Verdict.KEPT, SAME: Verdict.KEPT}),
    "texts for numbers": (texts_for_numbers, {FITS: Verdict.BROKEN, TEXT: Verdict.KEPT}),
    "another text": (another_text, {FITS: Verdict.KEPT, TEXT: Verdict.BROKEN}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_list_is_judged_where_it_stands(name: str) -> None:
    change, expected = CASES[name]
    of = model(LIBRARY)
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        served = link.handler

        def handler(request: Request) -> Response | Silence:
            answer = served(request)
            message = read_json(answer.body).value if isinstance(answer, Response) else None
            result = message.get("result") if isinstance(message, dict) else None
            content = result.get("structuredContent") if isinstance(result, dict) else None
            if not isinstance(content, dict) or not isinstance(content.get("result"), list):
                return answer
            assert isinstance(answer, Response)
            assert isinstance(message, dict)
            return replace(answer, body=json_bytes({**message, "result": change(result)}))

        link.handler = handler
        report = verify_sandbox(of, opened, Options(only=(FITS, TEXT, SAME)), mcp=link)
    found = {
        id: verdict for verdict in set(expected.values()) for id in ids(report, verdict) if id in expected
    }
    assert found == expected
