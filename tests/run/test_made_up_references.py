"""A document seldom says which thing `owner_id` in a body names, so that a call has a made-up value of it. A
right server refuses it; what it refuses besides is still a finding.
"""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.checks.vendors.honours_manifest import _whole
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.setting import setting_of

KEY, URL = "test_k9f4c1e7a2b58d3066f1", "http://127.0.0.1:1"
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
OWNER = {"type": "integer", "minimum": 1}
SUBJECT = {"type": "string", "minLength": 1, "maxLength": 40}
CALLS = ("ordinary", "high", "values")


def answers(status: int, schema: dict[str, Any] | None, *refusals: int) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "No", "content": {"application/json": {"schema": PROBLEM}}}
    return {str(status): {"description": "So", **content}, **{str(s): refused for s in (401, *refusals)}}


@cache
def model(required: bool = False, name: str = "owner_id") -> Model:
    """The model of a document whose tickets have an owner, of whom it says no more than the type."""
    members = {"subject": SUBJECT, name: OWNER}
    sent = {
        "type": "object",
        "required": ["subject", *([name] if required else [])],
        "properties": members,
    }
    kept = {"type": "object", "required": ["id", "subject"], "properties": {"id": OWNER, **members}}
    one = {"name": "ticket_id", "in": "path", "required": True, "schema": OWNER}
    paths: dict[str, Any] = {
        "/tickets": {
            "post": {
                "operationId": "create_ticket",
                "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
                "responses": answers(201, kept, 400, 422),
            },
        },
        "/tickets/{ticket_id}": {
            "parameters": [one],
            "get": {"operationId": "get_ticket", "responses": answers(200, kept, 404)},
            "delete": {"operationId": "delete_ticket", "responses": answers(204, None, 404)},
        },
    }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


class Desk:
    """Keeps tickets. No owner but 7 exists; `longest` is the longest subject that it takes."""

    def __init__(self, status: int, name: str, longest: int, required: bool = False) -> None:
        self.status, self.name, self.longest, self.required = status, name, longest, required
        self.kept: dict[str, dict[str, Any]] = {}
        self.count = 0

    def __call__(self, request: Request) -> Response:
        scheme, _, key = (request.header("Authorization") or "").partition(" ")
        if (scheme.lower(), key) != ("bearer", KEY):
            return self._refuse(401)
        if request.path == "/tickets" and request.method == "POST":
            return self._create(request)
        id = request.path.removeprefix("/tickets/")
        if id not in self.kept:
            return self._refuse(404)
        if request.method == "DELETE":
            del self.kept[id]
            return Response(204, (), b"")
        return self._answer(200, self.kept[id])

    def _create(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
        except ValueError:
            return self._refuse(400)
        subject = body.get("subject") if isinstance(body, dict) else None
        if not isinstance(subject, str) or not 1 <= len(subject) <= self.longest:
            return self._refuse(self.status)
        if body.get(self.name, None if self.required else 7) != 7:
            return self._refuse(self.status)
        self.count += 1
        self.kept[str(self.count)] = {"id": self.count, "subject": subject, self.name: 7}
        return self._answer(201, self.kept[str(self.count)])

    def _refuse(self, status: int) -> Response:
        return self._answer(status, {"detail": "no"})

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(model: Model, desk: Desk) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model, desk, Identities({"main": KEY}), Options(live=False, allow_writes=True),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def verdicts(report: Report) -> dict[str, str]:
    """The verdicts on correct calls that make a ticket."""
    ids = {f"valid_calls/{call}/create_ticket@rest": call for call in CALLS}
    return {ids[r.contract.id]: str(r.verdict.value) for r in report.results if r.contract.id in ids}


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("required", [False, True])
def test_right_server_that_knows_no_made_up_owner_is_no_finding(status: int, required: bool) -> None:
    report = run(model(required), Desk(status, "owner_id", 40, required))
    assert [f.contract.id for f in report.findings] == []
    if required:
        assert any(r.reason.endswith("--allow create_ticket.owner_id sends it") for r in report.results)
    else:
        assert verdicts(report)["ordinary"] == "kept"


def test_refusal_of_a_right_value_beside_no_owner_is_a_finding() -> None:
    report = run(model(), Desk(422, "owner_id", 15))
    assert "broken" in {verdicts(report)[call] for call in ("ordinary", "values")}


def test_refusal_of_a_number_whose_name_is_no_id_is_a_finding() -> None:
    report = run(model(name="weight"), Desk(422, "weight", 40))
    assert verdicts(report)["high"] == "broken"


def test_no_double_is_made_up_of_a_number_that_refers_to_something() -> None:
    """It would name somebody else's, or nobody; the right refusal was told as odd."""
    genre = {"type": "object", "required": ["id"], "properties": {"id": OWNER}}
    book = {
        "type": "object",
        "required": ["genre_id", "pages"],
        "properties": {"genre_id": OWNER, "pages": OWNER},
    }
    listed = {"operationId": "list_genres", "responses": answering({"type": "array", "items": genre})}
    create = {"operationId": "create_book", "requestBody": taking(book), "responses": answering(book)}
    model = imported(openapi({"/genres": {"get": listed}, "/books": {"post": create}})).model
    setting = setting_of(model)
    endpoint = next(one for one in setting.endpoints if one.action.name == "create_book")
    projections = cast(Any, SimpleNamespace(endpoint=endpoint))
    [(_, _, arguments, says, _)] = _whole(setting, projections, template_of(model, endpoint.action))
    assert says == "pages as 1.0"
    assert type(arguments["genre_id"]).__name__ == "InstanceRef"
