"""A document names no id that does not exist. Reads by a number or a UUID that hardly any server has show a
server that answers everything; no write is sent with one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.cases.removed_instances import UNUSED_NUMBER, UNUSED_UUID
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

KEY, URL = "test_k9f4c1e7a2b58d3066f1", "http://127.0.0.1:1"
CONTRACT = "absent_id/unknown/ticket_id/get_ticket@rest"
NUMBER = {"type": "integer", "minimum": 1}
UUID = {"type": "string", "format": "uuid"}
OWN = "0b8f6a52-4c1d-4e7a-9a3f-2d5c81e07b46"


@cache
def model(form: str) -> Model:
    """The model of a document with tickets whose ids are of this form."""
    id = {
        "number": NUMBER,
        "small": {**NUMBER, "maximum": 9999},
        "uuid": UUID,
        "text": {"type": "string"},
    }[form]
    kept = {"type": "object", "required": ["id"], "properties": {"id": id}}
    refused = {str(status): {"description": "No"} for status in (401, 404, 422)}
    one = {"name": "ticket_id", "in": "path", "required": True, "schema": id}

    def answer(schema: dict[str, Any]) -> dict[str, Any]:
        return {"200": {"description": "So", "content": {"application/json": {"schema": schema}}}, **refused}

    paths: dict[str, Any] = {
        "/tickets": {
            "get": {"operationId": "list_tickets", "responses": answer({"type": "array", "items": kept})}
        },
        "/tickets/{ticket_id}": {
            "parameters": [one],
            "get": {"operationId": "get_ticket", "responses": answer(kept)},
            "delete": {
                "operationId": "delete_ticket",
                "responses": {"204": {"description": "So"}, **refused},
            },
        },
    }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


class Desk:
    """Keeps one ticket, and answers reads of others as told."""

    def __init__(self, form: str, status: int = 404, body: Any = None) -> None:
        self.ticket: dict[str, Any] = {"id": {"uuid": OWN, "text": "a"}.get(form, 1)}
        self.status, self.body = status, body
        self.log: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Response:
        scheme, _, key = (request.header("Authorization") or "").partition(" ")
        if (scheme.lower(), key) != ("bearer", KEY):
            return self._answer(401, {})
        self.log.append((request.method, request.path))
        if request.path == "/tickets" and request.method == "GET":
            return self._answer(200, [self.ticket])
        if request.path == f"/tickets/{self.ticket['id']}" and request.method == "GET":
            return self._answer(200, self.ticket)
        last = request.path.rpartition("/")[2]
        right = last == UNUSED_UUID or (last.isdecimal() and last.isascii() and int(last) > 0)
        if not right or request.method != "GET":
            return self._answer(404, {})
        return self._answer(self.status, self.body(last) if callable(self.body) else self.body)

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(form: str, desk: Desk) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(form), desk, Identities({"main": KEY}), Options(live=False, allow_writes=True),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def verdict(report: Report) -> tuple[str, str] | None:
    return next(((str(r.verdict), r.reason) for r in report.results if r.contract.id == CONTRACT), None)


@pytest.mark.parametrize("form", ["number", "uuid"])
def test_server_that_answers_a_read_of_nothing_with_null_is_found(form: str) -> None:
    report = run(form, Desk(form, 200, None))
    assert verdict(report) == ("odd", "200")
    assert "response_schema/200/get_ticket@rest" in {f.contract.id for f in report.findings}


@pytest.mark.parametrize("status", [404, 422])
@pytest.mark.parametrize("form", ["number", "uuid"])
def test_right_server_keeps_it_and_no_write_names_the_id(form: str, status: int) -> None:
    desk = Desk(form, status, {})
    report = run(form, desk)
    assert verdict(report) == ("kept", "")
    assert report.findings == ()
    unused = UNUSED_UUID if form == "uuid" else str(UNUSED_NUMBER)
    assert {method for method, path in desk.log if path == f"/tickets/{unused}"} == {"GET"}


def test_server_that_has_this_very_id_is_no_finding() -> None:
    report = run("number", Desk("number", 200, lambda last: {"id": int(last)}))
    found = verdict(report)
    assert found is not None
    assert (found[0], "the server has a ticket" in found[1]) == ("untested", True)
    assert report.findings == ()


@pytest.mark.parametrize("form", ["text", "small"])
def test_nothing_is_promised_where_every_fitting_id_may_exist(form: str) -> None:
    assert verdict(run(form, Desk(form))) is None
