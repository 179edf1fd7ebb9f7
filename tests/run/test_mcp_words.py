"""A tool's words show a status only by a number that is said to be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.base.http import Response, json_bytes
from pgagents.verify.wire.mcp_messages import ToolForm
from verifying import model


def status_of(words: str) -> int:
    form, action = ToolForm(model(), model().surfaces["mcp"]), next(iter(model().actions))
    result = {"isError": True, "content": [{"type": "text", "text": words}]}
    return form.answer(
        action, Response(200, (), json_bytes({"jsonrpc": "2.0", "id": 1, "result": result}))
    ).status


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("The API said NOT_FOUND (409): nope", 409),
        ("NOT_FOUND: there is no such lot", 404),
        ("Request failed with status code 404", 404),
        ("HTTP 503", 503),
        ("HTTP/1.1 500 Internal Server Error", 500),
        ("API error: 404 Not Found", 404),
        ("Error 404: no such lot", 404),
        ("404: no such lot", 404),
        ("409 Conflict", 409),
        ("API error (422)", 422),
        ("GET /lots returned 404 for lot_1", 404),
        ("status=409", 409),
        ("Error code: 429.", 429),
        ("502", 502),
        ("502: the provider \ud83d", 502),  # JavaScript cuts a text between the halves of a pair
    ],
)
def test_a_number_that_is_said_to_be_a_status_is_one(words: str, status: int) -> None:
    assert status_of(words) == status


@pytest.mark.parametrize(
    "words",
    [
        'I cannot do that: hold_id: " hold_486cqirceYhZuJwc " does not match',
        "500 is greater than the maximum of 100",
        "error: 500 is above 24",
        "VALIDATION_ERROR: 500 is above 24",
        "limit (500) is too large",
        "lot_500 is full",
        "it costs 450 cents",
        "response 404.5 km away",
        "code 12500 is none",
    ],
)
def test_a_number_that_is_an_argument_is_none(words: str) -> None:
    assert status_of(words) == 400


@pytest.mark.parametrize(
    ("action", "code", "status"),
    [
        ("find_folder", "invalid_arguments", 200),  # its own error, in a 200
        ("update_document", "invalid_arguments", 422),  # ours: the API says so in find_folder's errors alone
        ("update_document", "cursor_invalid", 400),  # another action's, where all errors have their code
    ],
)
def test_a_code_of_another_actions_own_errors_is_none_of_this_action(
    action: str, code: str, status: int
) -> None:
    of = model(Path(__file__).parents[1] / "catalogues/documents.yaml")
    found = of.action(action)
    assert found is not None
    words = f'{{"error":{{"code":"{code}","message":"no"}}}}'
    result = {"isError": True, "content": [{"type": "text", "text": words}]}
    message = json_bytes({"jsonrpc": "2.0", "id": 1, "result": result})
    assert ToolForm(of, of.surfaces["mcp"]).answer(found, Response(200, (), message)).status == status
