"""An answer of a JSON-RPC dispatcher is read as the API's own answer, also where a null stands beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from language_table import model_of
from pgagents.base.http import Response
from pgagents.verify.wire.endpoint import MessageReader

NOTE = {"id": "n-1", "text": "Buy milk"}
REFUSED = {"code": -32602, "message": "no", "data": {"code": "refused", "message": "no"}}


@pytest.mark.parametrize(
    ("members", "status", "body"),
    [
        ({"result": NOTE}, 200, NOTE),
        ({"result": NOTE, "error": None}, 200, NOTE),
        ({"result": None}, 200, None),
        ({"error": REFUSED}, 422, REFUSED["data"]),
        ({"error": REFUSED, "result": None}, 422, REFUSED["data"]),
    ],
)
def test_result_or_error_is_the_answer(members: dict[str, Any], status: int, body: Any) -> None:
    read = _read(members)
    assert (read.status, json.loads(read.body)) == (status, body)


@pytest.mark.parametrize(
    "members", [{}, {"result": None, "error": None}, {"result": NOTE, "error": REFUSED}], ids=str
)
def test_message_that_says_neither_or_both_stays_as_it_is(members: dict[str, Any]) -> None:
    assert json.loads(_read(members).body) == {"jsonrpc": "2.0", "id": 1, **members}


def _read(members: dict[str, Any]) -> Response:
    message = {"jsonrpc": "2.0", "id": 1, **members}
    return MessageReader(model_of("json-rpc")).read(Response(200, body=json.dumps(message).encode()))
