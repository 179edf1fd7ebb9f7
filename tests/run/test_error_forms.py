"""The client and the MCP server see an error in every form that a catalogue can say."""

from __future__ import annotations

from typing import Any

import pytest

from calling import Script, answered, client_of, run
from language_table import model_of
from pgagents.base.http import Response
from pgagents.client.answer import Answer
from pgagents.mcp.server import overview
from pgagents.mcp.tools import tools
from pgagents.report.contract import Verdict
from verifying import ids
from verifying import run as verified


def called(id: str, *answers: Response, action: str = "get_note", **input: Any) -> tuple[Answer, Script]:
    """Call an action of a row's catalogue through the client, whose server answers so."""
    script = Script(*answers)
    client = client_of(model_of(id), script, "test_k")
    return run(lambda: client.call(action, input or {"note_id": "n-1"})), script


def problem(status: int, data: Any, media: str = "application/problem+json") -> Response:
    return answered(status, data).with_header("Content-Type", media)


@pytest.mark.parametrize(
    ("id", "answer", "code", "message"),
    [
        ("problem-json", problem(404, {"title": "x", "detail": "No note 7"}), "absent", "No note 7"),
        ("status-is-the-code", answered(404, ["anything"]), "absent", "There is no such note"),
        ("status-is-the-code", Response(404), "absent", "There is no such note"),
        ("code-on-the-wire", answered(404, {"code": 20404, "detail": "Lost"}), "20404", "Lost"),
        (
            "code-on-the-wire",
            answered(422, {"code": "invalid-argument"}),
            "invalid-argument",
            "An argument is",
        ),
        ("code-at-differs", answered(404, {"error": "gone", "why": "Long ago"}), "gone", "Long ago"),
        ("code-at-differs", answered(422, {"code": "refused", "detail": "Bad"}), "refused", "Bad"),
        (
            "error-in-200",
            answered(200, {"ok": False, "error": "note_not_found"}),
            "note_not_found",
            "There is",
        ),
        (
            "error-in-200",
            answered(200, {"ok": False, "error": "new_code"}),
            "new_code",
            "the API answered 200",
        ),
        ("api-without-limits-or-errors", Response(404, (), b"\xff nothing"), "absent", "Absent"),
    ],
)
def test_client_reads_the_error(id: str, answer: Response, code: str, message: str) -> None:
    found, _ = called(id, answer)
    assert not found.ok
    assert found.problem is not None
    assert found.problem.code == code
    assert found.problem.message.startswith(message)
    assert found.data is None


def test_a_200_without_the_sign_is_a_success() -> None:
    found, _ = called("error-in-200", answered(200, {"ok": True, "id": "n-1", "text": "x"}))
    assert found.ok
    found, _ = called("error-in-200", answered(200, {"id": "n-1", "text": "no member `ok`"}))
    assert found.ok


def test_client_waits_where_a_403_is_a_limit_and_not_where_it_is_none() -> None:
    good = answered(200, {"id": "n-1", "text": "x"})
    slow = answered(403, {"code": "slow_down", "detail": "Wait"}, Retry_After="1")
    found, script = called("limit-status", slow, good)
    assert found.ok
    assert len(script.asked) == 2
    found, script = called("limit-status", answered(403, {"code": "other", "detail": "No"}), good)
    assert not found.ok
    assert len(script.asked) == 1


def test_client_waits_as_the_ietfs_fields_say() -> None:
    good = answered(200, {"id": "n-1", "text": "x"})
    empty = answered(429, {"code": "slow_down", "detail": "Wait"}, RateLimit='"all";r=0;t=2')
    found, script = called("limit-headers-ietf", empty, good)
    assert found.ok
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("code-on-the-wire", "- `20404` (404): There is no such note"),
        ("status-is-the-code", "- `absent` (404): There is no such note"),
        ("error-in-200", "- `note_not_found` (200): There is no such note"),
        ("limit-status", "a call that comes back with 403 or 429 has waited already"),
    ],
)
def test_mcp_servers_overview_names_what_comes(id: str, line: str) -> None:
    model = model_of(id)
    assert line in overview(model, tools(model))


def test_method_that_the_http_library_refuses_breaks_no_promise() -> None:
    """Node's parser answers 400 without a body to a method that it does not know; the API never sees it."""
    of_framework = (
        "framework/wrong_method@rest",
        "error_envelope/framework@rest",
        "error_codes/framework@rest",
    )
    report = verified(model_of("bearer"), variations=["unknown-method-unparsed"], only=of_framework)
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    assert "framework/wrong_method@rest" in ids(report, Verdict.KEPT)
