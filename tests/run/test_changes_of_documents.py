"""A document's server accepts a change and makes it later (202), or takes what it never shows, as SCIM does.

Neither is accused, nor for a value that the run withheld.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from small_api import NOTES, Notes, answer, verified, with_resource

TEXT = {"type": "string"}
NAME = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[ -~]+$"}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}
USER, CHANGE = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def form(form: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string", "enum": [form]}}


def told(status: int, schema: Any, *refusals: int) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    refused = {"description": "No", "content": {"application/json": {"schema": ERROR}}}
    return {str(status): {"description": "So", **content}, **{str(code): refused for code in refusals}}


def body(members: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [*required], "properties": members, "additionalProperties": False}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


@cache
def model(made: int, changed: int) -> Model:
    """Users whose create and whose changes are answered with these statuses."""
    own = {"name": NAME, "active": {"type": "boolean", "default": True}}
    shown = {"id": TEXT, "schemas": form(USER), "name": TEXT, "active": {"type": "boolean"}}
    user = {"type": "object", "required": [*shown], "properties": shown}
    paths = {
        "/users": {
            "get": {"operationId": "list_users", "responses": told(200, {"type": "array", "items": user})},
            "post": {
                "operationId": "create_user",
                "requestBody": body({"schemas": form(USER), **own}, "schemas", "name"),
                "responses": told(made, user, 400),
            },
        },
        "/users/{user_id}": {
            "parameters": [{"name": "user_id", "in": "path", "required": True, "schema": TEXT}],
            "get": {"operationId": "get_user", "responses": told(200, user, 404)},
            "put": {
                "operationId": "replace_user",
                "requestBody": body({"schemas": form(USER), **own}, "schemas", "name"),
                "responses": told(changed, user, 400, 404),
            },
            "patch": {
                "operationId": "change_user",
                "requestBody": body({"schemas": form(CHANGE), "name": NAME}, "schemas", "name"),
                "responses": told(changed, user, 400, 404),
            },
            "delete": {"operationId": "delete_user", "responses": told(204, None, 404)},
        },
    }
    return imported(openapi(paths)).model


@dataclass
class Users:
    """A right server. What it only accepts is done after `late` answers."""

    made: int
    changed: int
    late: int = 4
    keeps: bool = False
    """True if it is not right: a change is answered and never made."""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    later: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    count: int = 0

    def __call__(self, request: Request) -> Response:
        self.count += 1
        for due, id, after in [one for one in self.later if one[0] <= self.count]:
            self.later.remove((due, id, after))
            if id in self.users or after.get("new"):
                self.users[id] = {name: after[name] for name in after if name != "new"}
        id = request.path.removeprefix("/users").removeprefix("/")
        if not request.path.startswith("/users") or (id and id not in self.users):
            return answer(404, {"detail": "not there"})
        allowed = ("GET", "PUT", "PATCH", "DELETE") if id else ("GET", "POST")
        if request.method not in allowed:
            return Response(405, (("Allow", ", ".join(allowed)),), b"")
        if request.method == "DELETE":
            del self.users[id]
            return Response(204, (), b"")
        if request.method == "GET":
            return answer(200, self.users[id] if id else list(self.users.values()))
        return self.write(id, request)

    def write(self, id: str, request: Request) -> Response:
        sent = read_json(request.body).value
        patch = request.method == "PATCH"
        names = {"schemas", "name"} if patch else {"schemas", "name", "active"}
        name = sent.get("name") if isinstance(sent, dict) and sent.keys() <= names else None
        text = isinstance(name, str) and 1 <= len(name) <= 40 and name.isascii() and name.isprintable()
        if not text or sent.get("schemas") != [CHANGE if patch else USER]:
            return answer(400, {"detail": "wrong"})
        if not isinstance(sent.get("active", True), bool):
            return answer(400, {"detail": "wrong"})
        former = self.users.get(id, {})
        active = former["active"] if patch else sent.get("active", True)
        new = id or f"u{self.count}x8f14e45fceea467f9b1a0d3b8f7c2a1{self.count:04}"
        after = {"id": new, "schemas": [USER], "name": name, "active": active}
        status = self.changed if id else self.made
        if self.keeps and id:
            return answer(status, former)
        if status == 202:
            self.later.append((self.count + self.late, new, after | ({} if id else {"new": True})))
            return answer(status, former or after)
        self.users[new] = after
        return answer(status, after)


def run(server: Users, *only: str) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        model(server.made, server.changed),
        server,
        Identities({}),
        Options(live=False, allow_writes=True, exclusive=True, only=only),
        clock=lambda: now[0],
        sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )
    assert not [r.reason for r in report.results if "internal error" in r.reason]
    return report


def accused(report: Report) -> list[tuple[str, str]]:
    return [(r.contract.id, r.verdict.value) for r in report.results if r.verdict.value in ("broken", "odd")]


@pytest.mark.parametrize(("made", "changed", "late"), [(201, 200, 0), (201, 202, 2), (202, 202, 5)])
def test_what_is_only_accepted_may_come_at_any_time(made: int, changed: int, late: int) -> None:
    assert accused(run(Users(made, changed, late))) == []


def test_a_change_that_is_never_made_is_found() -> None:
    """`schemas` of a PATCH is not a user's, and `active` was not sent, so they show nothing; `name` does."""
    report = run(Users(201, 200, keeps=True), "partial_changes")
    broken = {r.contract.id: r.reason for r in report.results if r.verdict.value == "broken"}
    assert {id: reason.split()[0] for id, reason in broken.items()} == {
        "partial_changes/named/change_user@rest": "name",
        "partial_changes/named/replace_user@rest": "name",
    }


REFRESH = """  refresh_note:
    title: Refresh a note
    description: Refreshes a note.
    http: POST /notes/{note_id}/refresh
    effect: write
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {202: {}}
    errors: [NOT_FOUND, REFUSED]
surfaces: {rest: {actions: all}}"""


@pytest.mark.parametrize("cuts", [False, True])
def test_what_is_accepted_for_one_instance_says_nothing_of_others(cuts: bool) -> None:
    """The fault: a list shows only the beginning of each text."""

    def before(notes: Notes, request: Request) -> Response | None:
        name, _, last = request.path.removeprefix("/notes/").partition("/")
        if request.method == "POST" and last == "refresh" and notes.key(request) and name in notes.notes:
            return Response(202)
        if cuts and request.method == "GET" and request.path == "/notes" and notes.key(request):
            shown = [{**note, "text": note["text"][:3]} for note in notes.notes.values()]
            return answer(200, {"notes": shown})
        return None

    model = with_resource(text=NOTES.replace("surfaces: {rest: {actions: all}}", REFRESH))
    report = verified(model, Notes(before=before), allow_writes=True)
    verdicts = {r.verdict.value for r in report.results if r.contract.check == "consistent_representations"}
    assert ("broken" in verdicts) == cuts, verdicts
