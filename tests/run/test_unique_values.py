"""A server refuses a value that another row has, although its document names no unique member."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

JSON, TEXT = "application/json", {"type": "string", "minLength": 1, "maxLength": 60}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}


def is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value in range(1, 100)


KINDS: dict[str, tuple[dict[str, Any], Callable[[Any], bool]]] = {
    "number": ({"type": "integer", "minimum": 1, "maximum": 99}, is_number),
    "text": (
        {"type": "string", "minLength": 3, "maxLength": 3},
        lambda v: isinstance(v, str) and len(v) == 3,
    ),
    "date": ({"type": "string", "format": "date"}, is_date),
    "pattern": (
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{3,6}$"},
        lambda v: isinstance(v, str) and re.fullmatch("[A-Z]{3}-[0-9]{3,6}", v) is not None,
    ),
}


@cache
def model(kind: str, refusal: int) -> Model:
    def told(status: int, schema: Any, *refusals: int) -> dict[str, Any]:
        every = {str(status): schema, **{str(refused): ERROR for refused in refusals}}
        return {
            s: {"description": "So", **({"content": {JSON: {"schema": each}}} if each else {})}
            for s, each in every.items()
        }

    members = {"code": KINDS[kind][0], "title": TEXT, "unit": {"$ref": "#/components/schemas/Unit"}}
    new = {"type": "object", "required": [*members], "properties": members}
    row = {"type": "object", "required": ["id", *members], "properties": {"id": TEXT, **members}}
    shown = {"example": {"code": "BRK-2200", "title": "A hose", "unit": "box"}} if kind == "pattern" else {}
    sent = {"requestBody": {"required": True, "content": {JSON: {"schema": new, **shown}}}}
    id = {"name": "voucher_id", "in": "path", "required": True, "schema": TEXT}
    rows = told(200, {"type": "array", "items": row})
    return imported(openapi({
        "/vouchers": {
            "get": {"operationId": "list_vouchers", "responses": rows},
            "post": {"operationId": "make_voucher", **sent, "responses": told(201, row, 400, refusal)},
        },
        "/vouchers/{voucher_id}": {
            "parameters": [id],
            "get": {"operationId": "get_voucher", "responses": told(200, row, 404)},
            "put": {"operationId": "change_voucher", **sent, "responses": told(200, row, 400, 404, refusal)},
            "delete": {"operationId": "drop_voucher", "responses": told(204, None, 404)},
        },
    }, components={"schemas": {"Unit": {"type": "string", "enum": ["box", "piece"]}}})).model  # fmt: skip


class Vouchers:
    """Vouchers whose codes are unique. With `narrow`, the greatest number is refused."""

    def __init__(self, kind: str, refusal: int, *, narrow: bool = False) -> None:
        self.fits, self.refusal, self.narrow = KINDS[kind][1], refusal, narrow
        self.rows, self.numbers, self.refused = dict[str, dict[str, Any]](), count(1), 0

    def __call__(self, request: Request) -> Response:
        parts, body, method = (
            request.path.strip("/").split("/"),
            read_json(request.body).value,
            request.method,
        )
        if parts[0] != "vouchers" or len(parts) > 2:
            return answer(404, {"detail": "no such path"})
        allowed = ("GET", "POST") if len(parts) == 1 else ("GET", "PUT", "DELETE")
        if method not in allowed:
            return answer(405, {"detail": "no such method"}, Allow=", ".join(allowed))
        if method in ("POST", "PUT") and not self._is_right(body):
            return answer(400, {"detail": "bad"})
        if len(parts) == 2 and parts[1] not in self.rows:
            return answer(404, {"detail": "no such voucher"})
        if method in ("POST", "PUT"):
            return self._keep(parts[1] if len(parts) == 2 else "", body)
        if len(parts) == 1:
            return answer(200, list(self.rows.values()))
        if method == "DELETE":
            del self.rows[parts[1]]
            return Response(204, (), b"")
        return answer(200, self.rows[parts[1]])

    def _is_right(self, body: Any) -> bool:
        title = body.get("title") if isinstance(body, dict) else None
        if not isinstance(title, str) or not 1 <= len(title) <= 60:
            return False
        return (
            body.get("unit") in ("box", "piece")
            and self.fits(body.get("code"))
            and not (self.narrow and body["code"] == 99)
        )

    def _keep(self, id: str, body: dict[str, Any]) -> Response:
        if any(row["code"] == body["code"] and row["id"] != id for row in self.rows.values()):
            self.refused += 1
            return answer(self.refusal, {"detail": "another one has this"})
        row = {
            "id": id or f"v{next(self.numbers)}",
            **{member: body[member] for member in ("code", "title", "unit")},
        }
        self.rows[row["id"]] = row
        return answer(200 if id else 201, row)


@pytest.mark.parametrize("refusal", [409, 422, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_another_row_has_is_no_proof(kind: str, refusal: int) -> None:
    server = Vouchers(kind, refusal)
    report = verified(model(kind, refusal), server, allow_writes=True)
    assert [finding.contract.id for finding in report.findings] == []
    assert server.refused
    kept = {result.contract.id for result in report.results if str(result.verdict.value) == "kept"}
    assert "valid_calls/ordinary/make_voucher@rest" in kept
    unmade = ["no voucher could be made", "the members could not be set"]
    unmade += ["no voucher was made"] if kind != "date" else []  # the dates that may be guessed run out
    assert [r.reason for r in report.results if any(said in str(r.reason) for said in unmade)] == []


def test_a_value_that_nobody_has_is_one() -> None:
    report = verified(model("number", 422), Vouchers("number", 422, narrow=True), allow_writes=True)
    assert "valid_calls/high/make_voucher@rest" in {finding.contract.id for finding in report.findings}


CODE, ONLY = (
    "    NOT_FOUND: {status: 404, meaning: No such note}\n",
    "unique: [{members: [text], otherwise: TAKEN}]",
)
KNOWN_END, CHANGE = (
    "    missing: NOT_FOUND\n",
    "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED]\n",
)
TEXT_OF_NOTE = "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"


@pytest.mark.parametrize(("habit", "verdict"), [("", Verdict.KEPT), ("keeps", Verdict.BROKEN)])
def test_a_change_gives_a_unique_member_a_value_that_nobody_has(habit: str, verdict: Verdict) -> None:
    """Somebody has every text that no run made up."""

    def respond(server: Notes, request: Request) -> Response | None:
        text = Notes.text(request) if request.method == "PUT" else None
        if text is not None and "pgv" not in text:
            return answer(409, {"detail": "taken"})
        note = server.notes.get(request.path.rpartition("/")[2])
        return answer(200, note) if habit and text is not None and note is not None else None

    known = with_resource(
        (CODE, f"{CODE}    TAKEN: {{status: 409, meaning: A note has this text already}}\n"),
        ("201: {$ref: Note}}\n    errors: [REFUSED]", "201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]"),
        ("input: {text: hello}", "input: {text: =fresh.text}"),
        (TEXT_OF_NOTE + CHANGE, TEXT_OF_NOTE + CHANGE.replace("REFUSED]", "REFUSED, TAKEN]")),
        (KNOWN_END, f"{KNOWN_END}    {ONLY}\n"),
    )
    report = verified(known, Notes(odd=respond), exclusive=True, only=("partial_changes",))
    [found] = [r for r in report.results if "/named/" in r.contract.id]
    assert found.verdict is verdict, found.reason


@pytest.mark.parametrize(
    ("unique", "habit", "verdict"),
    [
        (True, "as it is", Verdict.ODD),
        (True, "in capitals", Verdict.ODD),
        (True, "refuses", Verdict.KEPT),
        (False, "as it is", Verdict.KEPT),
    ],
)
def test_a_change_may_not_take_the_inferred_unique_text_of_another(
    unique: bool, habit: str, verdict: Verdict
) -> None:
    """That the create refuses it, as the document says, shows nothing of the change. A number plate was kept
    in capitals (2026-11-30).
    """

    def respond(server: Notes, request: Request) -> Response | None:
        text = Notes.text(request) if request.method in ("POST", "PUT") else None
        if text is None:
            return None
        id, kept = request.path.rpartition("/")[2], text.upper() if habit == "in capitals" else text
        taken = any(note["text"] == kept for note in server.notes.values() if note["id"] != id)
        if unique and taken and (request.method == "POST" or habit == "refuses"):
            return answer(409, {"detail": "taken"})
        if request.method == "POST":
            return server.make(f"n{len(server.log)}", kept)
        if id not in server.notes:
            return None
        server.notes[id]["text"] = kept
        return answer(200, server.notes[id])

    known = with_resource(
        (CODE, f"{CODE}    TAKEN: {{status: 409, meaning: A note has this text already}}\n"),
        ("201: {$ref: Note}}\n    errors: [REFUSED]", "201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]"),
        ("input: {text: hello}", "input: {text: =fresh.text}"),
        (KNOWN_END, f"{KNOWN_END}    inferred: true\n    {ONLY}\n"),
    )
    report = verified(known, Notes(odd=respond), exclusive=True, only=("uniqueness",))
    [found] = [r for r in report.results if r.contract.id == "uniqueness/change/note/change_note@rest"]
    assert found.verdict is verdict, found.reason
