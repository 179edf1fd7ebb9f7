"""A caller learns of an answer the API's own words in its declared members, and nothing that is nobody's
business.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from calling import Script, answered, client_of, park, run, shop
from offering import shop as changed
from pgagents.base.http import Response
from pgagents.catalogue.model.answers import value_at

READ = ("get_session", {"session_id": "sess_1"})
WRITE = ("end_session", {"session_id": "sess_1", "session_code": "sess_c"})
KEY = "pk_test_abcdefghijklmnop"


def call(answer: Response, what: Any = READ, model: Any = None) -> Any:
    return run(lambda: client_of(model or park(), Script(answer), KEY).call(*what, confirmed=True))


def envelope(code: str = "BAD_REQUEST", message: str = "m", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def test_envelope_is_told_member_by_member() -> None:
    body = envelope(
        "FORBIDDEN",
        "No.",
        request_id="req_1",
        scope="agent",
        field="lat",
        stack="Traceback",
        hint={"sql": "select"},
    )
    problem = call(answered(403, body)).problem
    assert problem.to_dict() == {
        "status": 403,
        "code": "FORBIDDEN",
        "message": "No.",
        "request_id": "req_1",
        "field": "lat",
        "scope": "agent",
    }


def test_another_catalogues_envelope_is_read_at_its_own_places() -> None:
    problem = call(
        answered(422, {"fault": {"kind": "refused", "text": "No such q"}}), ("search_products", {}), shop()
    ).problem
    assert problem.to_dict() == {"status": 422, "code": "refused", "message": "No such q"}


@pytest.mark.parametrize("status", [500, 502, 503])
def test_words_of_a_server_fault_are_not_passed_on(status: int) -> None:
    code = {500: "INTERNAL", 502: "BAD_GATEWAY", 503: "X"}[status]
    body = envelope(
        code, 'Traceback (most recent call last): File "/srv/app.py" password=hunter2', request_id="req_9"
    )
    answer = call(answered(status, body), WRITE)
    text = json.dumps(answer.problem.to_dict())
    assert "hunter2" not in text
    assert "Traceback" not in text
    assert answer.problem.request_id == "req_9"
    assert answer.problem.code == code
    if status != 503:
        assert answer.problem.message == str(park().codes[code].meaning)


def test_key_is_in_no_message() -> None:
    body = envelope("BAD_REQUEST", f"Bearer {KEY} is odd", request_id=f"req_{KEY}", field=KEY)
    assert KEY not in json.dumps(call(answered(400, body)).problem.to_dict())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><h1>Bad gateway at 10.0.0.7</h1>",
        b"{",
        b"[]",
        b'{"error":"x"}',
        b'{"error":{"code":7,"message":[]}}',
        b"\xff\xfe",
        b'{"a":' * 400,
    ],
)
def test_error_without_an_envelope_is_told_by_its_status(body: bytes) -> None:
    answer = call(Response(404, (("X-Request-Id", "req_h"),), body))
    assert answer.problem.to_dict() == {
        "status": 404,
        "code": "http_404",
        "message": str(park().codes["NOT_FOUND"].meaning),
        "request_id": "req_h",
    }


def test_status_that_nobody_declared_has_a_message_still() -> None:
    assert call(Response(418)).problem.message == "the API answered 418 I'm a Teapot"
    assert call(Response(599)).problem.message == "the API answered 599"


def test_long_and_many_lined_messages_become_one_short_line() -> None:
    problem = call(answered(400, envelope("BAD_REQUEST", "a\n\x1b[31mb\x00" + "c" * 10_000))).problem
    assert problem.message.startswith("a [31mb c")
    assert len(problem.message) == 400


def test_redirect_is_no_success_and_its_place_is_not_told() -> None:
    answer = call(Response(302, (("Location", "https://evil.example/?k=1"),)))
    assert answer.problem.code == "http_302"
    assert "evil" not in json.dumps(answer.problem.to_dict())


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'{"a":1,"a":2}'])
def test_success_that_cannot_be_read_is_a_problem_that_tells_of_its_effect(body: bytes) -> None:
    answer = call(Response(200, (), body), WRITE)
    assert answer.problem.code == "unreadable_answer"
    assert answer.problem.note == "The call took effect."
    assert call(Response(200, (), body)).problem.note is None


def test_success_without_a_body_has_no_data() -> None:
    answer = call(Response(204), ("release_hold", {"hold_id": "h"}))
    assert answer.ok
    assert answer.data is None


def test_text_that_is_no_json_is_data_where_the_catalogue_says_so() -> None:
    table = {200: {"description": "A table", "content_type": "text/csv", "type": "string"}}
    model = changed(
        actions__search_products__output=table,
        actions__search_products__laws={},
        actions__search_products__examples={},
        resources__product__found_by={"action": "get_product", "input": {"product_id": "p-1"}},
        workflows={},
        actions__search_products__relations={},
    )
    assert call(Response(200, (), b"a;b"), ("search_products", {}), model).data == "a;b"
    assert (
        call(Response(200, (), b"\xff"), ("search_products", {}), model).problem.code == "unreadable_answer"
    )


def test_request_id_of_a_success_is_kept() -> None:
    assert call(answered(200, {"session": {}}, X_Request_Id="req_7")).request_id == "req_7"


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [({"a": {"b": 1}}, "a.b", 1), ({"a": []}, "a.b", None), (None, "a", None), ({}, None, None)],
)
def test_member_at_a_path(body: Any, path: str | None, found: Any) -> None:
    assert value_at(body, path) == found
