"""A form has no null for an optional argument, and a used idempotency key is tried with another value."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.base.http import Request, Response, read_json
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.setting import setting_of
from small_api import KEY, accepting, answer, verified

BODY = {
    "type": "object",
    "required": ["amount", "label"],
    "properties": {
        "amount": {"type": "integer", "minimum": 1},
        "label": {"type": "string"},
        "tip": {"type": "integer"},
    },
}


@pytest.mark.parametrize(
    ("media", "nulls"),
    [
        ("application/json", {"amount", "label", "tip"}),
        ("application/x-www-form-urlencoded", {"amount"}),
        ("multipart/form-data", {"amount"}),
    ],
)
def test_an_optional_null_is_sent_where_it_has_a_form(media: str, nulls: set[str]) -> None:
    """A form has an empty text in its place. A server may take that for an argument that was not given.

    The answer shows the optional number, so it is a part of what is made; otherwise a run would withhold it.
    """
    body = {"required": True, "content": {media: {"schema": BODY}}}
    shown = {"201": {"description": "It", "content": {"application/json": {"schema": BODY}}}}
    paying = operation(operationId="pay", requestBody=body, responses=shown)
    made = imported(openapi({"/pay": {"post": paying}}))
    (endpoint, *_) = (setting := setting_of(made.model, "http://127.0.0.1:1")).endpoints
    cases = invalid_cases_of(setting, endpoint)
    assert {case.field for case in cases if case.call.input.get(case.field, 0) is None} == nulls
    assert {"amount", "label"} <= {case.field for case in cases if case.detail.startswith("required/")}


URL = {"type": "string", "pattern": "^https?://", "maxLength": 200}  # its shortest and longest texts are one


def hooks() -> Any:
    """The import of a document of webhooks, each made with an address and an idempotency key."""
    kept = {"type": "object", "required": ["id", "url"], "properties": {"id": {"type": "string"}, "url": URL}}
    sent = {"type": "object", "required": ["url"], "properties": {"url": URL}}
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 60}}
    refused = {str(status): {"description": "No"} for status in (401, 409, 422)}
    made = {"201": {"description": "It", "content": {"application/json": {"schema": kept}}}, **refused}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    making = operation(operationId="createHook", parameters=[key], requestBody=body, responses=made)
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(
        openapi({"/hooks": {"post": making}}, components={"securitySchemes": scheme}, security=[{"key": []}])
    )


class Hooks:
    """Answers an equal call with a used key as before, and another body with a 409."""

    def __init__(self) -> None:
        self.first: dict[str, tuple[bytes, Response]] = {}
        self.again: list[bool] = []

    def __call__(self, request: Request) -> Response:
        if not accepting(KEY)(request):
            return answer(401, {"detail": "who are you?"})
        body, key = read_json(request.body).value, request.header("Idempotency-Key")
        url = body.get("url") if isinstance(body, dict) else None
        if not isinstance(url, str) or ":" not in url or len(key or "") > 60:
            return answer(422, {"detail": "a url"})
        if key in self.first:
            sent, given = self.first[key]
            self.again.append(sent == request.body)
            return given if sent == request.body else answer(409, {"detail": "used"})
        given = answer(201, {"id": f"h{len(self.first)}", "url": url})
        self.first[key or f"none {len(self.first)}"] = (request.body or b"", given)
        return given


def test_another_body_under_a_used_key_differs_from_the_first() -> None:
    server = Hooks()
    report = verified(
        hooks().model, server, allow_writes=True, allow=("create_hook",), only=("idempotency/mismatch",)
    )
    assert [
        (r.contract.id, r.verdict.value) for r in report.results if r.verdict.value != "not_selected"
    ] == [("idempotency/mismatch/create_hook@rest", "kept")]
    assert server.again[-1] is False
