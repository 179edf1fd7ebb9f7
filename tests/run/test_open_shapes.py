"""A member beside those of an open shape is not an exposure, and beside those of a closed one it is."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import answer, verified

JSON = "application/json"
TEXT = {"type": "string"}
USER = {"id": 7, "name": "Bob", "email": "bob@elsewhere.example"}
NAMED = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
CLOSED = {
    **NAMED, "additionalProperties": False,
    "properties": {"name": TEXT, "id": {"type": "integer"}},
}  # fmt: skip
CONTRACT = "no_leaks/list_users@rest"


def read_users(schema: Any, body: Any, status: int = 200) -> Report:
    """A run of a server whose list has this body, by a document that gives it this schema."""
    told = {"200": {"description": "So", "content": {JSON: {"schema": schema}}}}
    path = {"get": {"operationId": "list_users", "summary": "Users", "responses": told}}

    def server(request: Request) -> Response:
        return answer(status, body) if request.path == "/users" else answer(404, {})

    return verified(imported(openapi({"/users": path})).model, server, only=(CONTRACT,))


def judge(report: Report, contract: str = CONTRACT) -> Verdict:
    return next(r.verdict for r in report.results if r.contract.id == contract)


OPEN: tuple[tuple[Any, Any], ...] = (
    ({}, [USER]), ({}, USER), ({"type": "object"}, USER), ({"type": "array", "items": {}}, [USER]),
    ({"type": "array", "items": {"type": "object"}}, [USER]),
    ({"type": "object", "properties": {"data": {"type": "array", "items": {}}}}, {"data": [USER]}),
    ({"type": "object", "properties": {"pack": {"type": "object"}}},
     {"pack": {"": {"Last-Translator": "Ada <ada@elsewhere.example>"}}}),
)  # fmt: skip


@pytest.mark.parametrize(("schema", "body"), OPEN)
def test_an_address_where_no_member_is_declared_is_no_leak(schema: Any, body: Any) -> None:
    assert judge(read_users(schema, body)) is Verdict.KEPT


@pytest.mark.parametrize(
    "schema", [CLOSED, {"allOf": [CLOSED]}, {"oneOf": [CLOSED, {**CLOSED, "required": ["id"]}]}]
)
def test_an_address_in_a_closed_shape_is_exposed(schema: Any) -> None:
    assert judge(read_users({"type": "array", "items": schema}, [USER])) is Verdict.BROKEN


@pytest.mark.parametrize("schema", [NAMED, {"anyOf": [CLOSED, NAMED]}, {"oneOf": [CLOSED, {}]}])
def test_an_address_beside_the_members_of_an_open_shape_is_odd(schema: Any) -> None:
    assert judge(read_users({"type": "array", "items": schema}, [USER])) is Verdict.ODD


@pytest.mark.parametrize(
    ("schema", "verdict"), [({}, Verdict.ODD), (NAMED, Verdict.ODD), (CLOSED, Verdict.BROKEN)]
)
def test_a_hash_of_a_password_is_exposed_in_a_closed_shape_alone(schema: Any, verdict: Verdict) -> None:
    assert judge(read_users(schema, {"name": "Bob", "password_hash": "$2b$12$KIXQ4v1F8e"})) is verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("/srv/reports is not a folder of yours", Verdict.ODD),
        ("ValidationError: one of the arguments", Verdict.ODD),
        ('Traceback (most recent call last):\n  File "/srv/app.py", line 9', Verdict.BROKEN),
    ],
)
def test_only_a_stack_trace_is_surely_an_inner_detail(text: str, verdict: Verdict) -> None:
    assert judge(read_users({}, {"detail": text}, 400)) is verdict


def sign_up(schema: Any, shown: Any) -> Verdict:
    """Return what is said of a server whose new user is shown with the password that the run gave it."""
    sent = {
        "type": "object", "required": ["login", "password"],
        "properties": {"login": {**TEXT, "maxLength": 40}, "password": {**TEXT, "minLength": 9}},
    }  # fmt: skip
    post = {
        "operationId": "make_user", "summary": "Make a user",
        "requestBody": {"required": True, "content": {JSON: {"schema": sent}}},
        "responses": {"201": {"description": "So", "content": {JSON: {"schema": schema}}},
                      "400": {"description": "No"}},
    }  # fmt: skip

    def server(request: Request) -> Response:
        body = read_json(request.body).value
        if not isinstance(body, dict) or not all(isinstance(body.get(n), str) for n in ("login", "password")):
            return answer(400, {})
        return answer(201, {"name": body["login"], "password": shown or body["password"]})

    report = verified(
        imported(openapi({"/users": {"post": post}})).model, server, allow_writes=True, allow=("make_user",),
        only=("no_leaks/make_user@rest", "valid_calls/ordinary/make_user@rest"),
    )  # fmt: skip
    return judge(report, "no_leaks/make_user@rest")


@pytest.mark.parametrize(
    ("schema", "shown", "verdict"),
    [(NAMED, "", Verdict.BROKEN), (NAMED, "********", Verdict.ODD), ({}, "", Verdict.ODD)],
)
def test_the_password_that_the_run_sent_is_exposed_beside_declared_members(
    schema: Any, shown: str, verdict: Verdict
) -> None:
    assert sign_up(schema, shown) is verdict
