"""A document promises only what it says: what real servers answer beside it is not a finding.

Each habit of the server below was a false finding on a real one (evaluation/zoo).
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qs
from uuid import NAMESPACE_URL, uuid5

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from small_api import verified

KEY, URL = "k9f4c1e7a2b58d3066f1", "http://127.0.0.1:1"
JSON, HTML = "application/json", "text/html; charset=utf-8"
TEXT = {"type": "string"}
SHELF = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}


def answers(**described: dict[str, Any] | None) -> dict[str, Any]:
    """Responses by status (`s200`): with a schema, or (None) without a described body."""
    return {
        status[1:]: {"description": "So"}
        | ({} if schema is None else {"content": {JSON: {"schema": schema}}})
        for status, schema in described.items()
    }


def get(name: str, responses: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {"operationId": name, "summary": name, "parameters": [*parameters], "responses": responses}
    }


def query(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or TEXT}


IN_PATH = {"name": "shelf_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
AT = {"anyOf": [{"$ref": "#/components/schemas/Every"}, {"$ref": "#/components/schemas/Once"}]}
STEP = {"type": "object", "required": ["at"], "properties": {"at": AT}}
STEPS = {"name": "steps", "in": "query", "content": {JSON: {"schema": {"type": "array", "items": STEP}}}}
PATHS = {
    "/account": {"delete": {"operationId": "close", "summary": "Close", "responses": answers(s204=None)}},
    "/shelves": get(
        "listShelves", answers(s200={"type": "array", "items": SHELF}, s401=ERROR),
        query("recheck_all", type="boolean"), query("most", type="integer", minimum=1),
    ),
    "/shelves/{shelf_id}": get("getShelf", answers(s200=SHELF, s403=None, s404=None), IN_PATH),
    "/moved": get("getMoved", answers(s200={}, s302=None)),
    "/ready": get("isReady", answers(s200={})),
    "/plain": get("getPlain", answers(s200=None)),
    "/search": get(
        "search", answers(s200={"type": "array", "items": SHELF}, s422=ERROR),
        query("q") | {"required": True},
    ),
    "/plans": {
        "post": {
            "operationId": "plan", "summary": "Plan",
            "requestBody": {"content": {JSON: {"schema": {
                "type": "object", "properties": {"steps": {"type": "array", "items": STEP}},
            }}}},
            "responses": answers(s200=SHELF),
        },
    },
}  # fmt: skip
PARTS = {
    "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    "schemas": {
        "Every": {"type": "object", "properties": {"s": {"type": "integer"}}},
        "Once": {"type": "object", "properties": {"on": TEXT}},
    },
}


class Server:
    """Answers as real servers do where their document is silent; it notes what it was asked."""

    def __init__(self, *, refusal: int = 403) -> None:
        self.targets: list[str] = []
        self.refusal = refusal

    def __call__(self, request: Request) -> Response:
        self.targets.append(request.target)
        if request.header("Authorization") != f"Bearer {KEY}":
            return self._answer(self.refusal, b'"who are you?"')
        path, given = request.path, parse_qs(request.target.partition("?")[2], keep_blank_values=True)
        if path == "/shelves":
            wrong = not all(v.isdecimal() and int(v) > 0 for v in given.get("most", ()))
            return self._answer(
                404 if wrong else 200, b"<p>?</p>" if wrong else b"[]", HTML if wrong else JSON
            )
        if path.startswith("/shelves/"):
            hidden = len(path) == len("/shelves/") + 36
            return self._answer(403 if hidden else 404, b"<p>No</p>", HTML)
        if path == "/moved":
            return Response(302, (("Location", request.target.replace("moved", "new")),), b"")
        if path == "/search":
            return self._answer(422, json_bytes({"detail": "search is switched off"}))
        known = {"/ready": (b'{"message": "OK"}', JSON), "/plain": (b"OK", "text/plain")}
        return self._answer(200, *known[path]) if path in known else self._answer(404, b"<p>No</p>", HTML)

    def _answer(self, status: int, body: bytes, media: str = JSON) -> Response:
        return Response(status, (("Content-Type", media),), body)


@cache
def model() -> Model:
    return imported(openapi(PATHS, components=PARTS, security=[{"key": []}])).model


def run(server: Server) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(), server, Identities({"main": KEY}), Options(live=False),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


@cache
def judged() -> tuple[Report, tuple[str, ...]]:
    server = Server()
    return run(server), tuple(server.targets)


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict.value) for result in report.results}


HABITS = (
    "key_authentication/none/list_shelves@rest",  # 403, where the document says 401
    "invalid_input/minimum/most/list_shelves@rest",  # refused, with a status that it does not say
    "content_type/get_shelf@rest",  # a page, where no body is described
    "error_envelope/get_shelf@rest",
    "valid_calls/ordinary/get_shelf@rest",  # 403 for an id that was made up
    "response_schema/200/is_ready@rest",  # any JSON, where the schema is empty
    "response_schema/200/get_plain@rest",  # a text, where no body is described
    "content_type/get_plain@rest",
    "no_leaks/get_moved@rest",  # a redirect that carries on the query in which the key was sent
    "no_leaks/framework@rest",
    "arbitrary_text/search@rest",  # the ordinary call is refused, too
)


@pytest.mark.parametrize("contract", HABITS)
def test_what_a_document_leaves_open_is_no_finding(contract: str) -> None:
    assert verdicts(judged()[0])[contract] not in ("broken", "odd")


def test_what_it_says_is_still_held() -> None:
    found = verdicts(judged()[0])
    assert {found["documented_status/list_shelves@rest"], found["valid_calls/ordinary/search@rest"]} == {
        "broken"
    }
    served = verdicts(run(Server(refusal=200)))
    assert served["key_authentication/none/list_shelves@rest"] == "broken"
    assert served["key_authentication/none/is_ready@rest"] == "odd", "a health check may be open"


def test_get_is_sent_neither_an_argument_that_does_something_nor_a_placeholder() -> None:
    targets = judged()[1]
    assert any("most=" in target for target in targets)
    assert not [t for t in targets if "recheck" in t or "{" in t]


def test_wrong_keys_are_tried_on_a_read_though_the_first_operation_writes() -> None:
    found = verdicts(run(Server(refusal=401)))
    assert found["key_authentication/garbage/list_shelves@rest"] == "kept"
    assert "key_authentication/garbage/close@rest" not in found


class Lists:
    """Answers a wrong number with 400 and a list of messages, and an unknown id with 404 and a text."""

    def __call__(self, request: Request) -> Response:
        path, _, query_text = request.target.partition("?")
        given = parse_qs(query_text, keep_blank_values=True).get("most", [])
        if path.startswith("/shelves/"):
            return self._answer(404, {"detail": "no such shelf"})
        if path != "/shelves":
            return self._answer(404, {"detail": "no such path"})
        if len(given) > 1 or not all(word.isdigit() and int(word) > 0 for word in given):
            return self._answer(400, {"detail": ["most must be an integer"]})
        return self._answer(200, [{"name": "hall"}])

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", JSON),), json_bytes(body))


@pytest.mark.parametrize(("refused", "verdict"), [({}, "kept"), ({"s400": ERROR}, "broken")])
def test_a_status_that_the_document_does_not_name_has_no_documented_body(
    refused: dict[str, Any], verdict: str
) -> None:
    shelves = get(
        "listShelves",
        answers(s200={"type": "array", "items": SHELF}, **refused),
        query("most", type="integer", minimum=1),
    )
    one = get("getShelf", answers(s200=SHELF, s404=ERROR), {**IN_PATH, "schema": TEXT})
    lists = imported(openapi({"/shelves": shelves, "/shelves/{shelf_id}": one})).model
    report = verified(lists, Lists(), keys={}, only=("error_envelope/framework",))
    assert verdicts(report)["error_envelope/framework@rest"] == verdict


@pytest.mark.parametrize(("kind", "verdict"), [("too-large", "odd"), ("timeout", "odd"), ("reset", "broken")])
def test_an_answer_that_is_longer_than_a_run_reads_is_only_odd(kind: Any, verdict: str) -> None:
    """A document promises no size and no end: a list of a million items is right by it, and a stream."""
    plain = imported(openapi({"/shelves": get("listShelves", answers(s200={}))})).model
    report = verified(
        plain, lambda _: Silence(kind, "half a body", begun=True), keys={}, only=("no_crashes",)
    )
    assert verdicts(report)["no_crashes/list_shelves@rest"] == verdict


ORDER = {"type": "object", "required": ["id", "note"], "properties": {"id": TEXT, "note": TEXT}}
NOTED = {
    "type": "object",
    "required": ["note"],
    "properties": {"note": {"type": "string", "minLength": 1, "maxLength": 40}},
}


class Orders:
    """All are closed when one was changed: a change gets 409, before its value is looked at or after it."""

    def __init__(self, *, state_first: bool) -> None:
        self.state_first = state_first
        self.kept: dict[str, Any] = {}
        self.closed = False

    def __call__(self, request: Request) -> Response:
        id, body = request.target.removeprefix("/orders").strip("/"), read_json(request.body or b"").value
        note = body.get("note") if isinstance(body, dict) else None
        right = isinstance(note, str) and 1 <= len(note) <= 40
        if not id and request.method == "GET":
            return self._say(200, [*self.kept.values()])
        if not id:
            made = {"id": str(uuid5(NAMESPACE_URL, str(len(self.kept)))), "note": note}
            if right:
                self.kept[made["id"]] = made
            return self._say(201, made) if right else self._say(400, {"detail": "note"})
        if id not in self.kept:
            return self._say(404, {"detail": "none"})
        if request.method == "PATCH":
            if self.closed and (self.state_first or right):
                return self._say(409, {"detail": "closed"})
            if not right:
                return self._say(400, {"detail": "note"})
            self.closed, self.kept[id] = True, {"id": id, "note": note}
        return self._say(200, self.kept[id])

    def _say(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", JSON),), json_bytes(body))


@pytest.mark.parametrize(("state_first", "verdict"), [(True, "untested"), (False, "kept")])
def test_a_conflict_of_state_shows_no_refusal_of_a_wrong_value(state_first: bool, verdict: str) -> None:
    sent = {"requestBody": {"required": True, "content": {JSON: {"schema": NOTED}}}}
    at = {"name": "order_id", "in": "path", "required": True, "schema": TEXT}
    wrong = {"s400": ERROR, "s404": ERROR, "s409": ERROR}
    paths = {
        "/orders": {
            **get("listOrders", answers(s200={"type": "array", "items": ORDER})),
            "post": {"operationId": "addOrder", **sent, "responses": answers(s201=ORDER, s400=ERROR)},
        },
        "/orders/{order_id}": {
            **get("getOrder", answers(s200=ORDER, s404=ERROR), at),
            "patch": {
                "operationId": "noteOrder", "parameters": [at], **sent,
                "responses": answers(s200=ORDER, **wrong),
            },
        },
    }  # fmt: skip
    server = Orders(state_first=state_first)
    model = imported(openapi(paths)).model
    report = verified(model, server, allow_writes=True, only=("invalid_input/", "documented_status/"))
    found = {r.contract.id: r for r in report.results}
    result = found["invalid_input/maxLength/note/note_order@rest"]
    assert result.verdict.value == verdict, result.reason
    assert not state_first or "state" in result.reason
