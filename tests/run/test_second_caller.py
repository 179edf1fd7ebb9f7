"""A document and the key of another customer: who sees or changes what the first one makes is odd."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.importer.catalogue import Choice
from pgagents.importer.places import open_source
from pgagents.report.contract import Verdict
from small_api import KEY, Notes, answer, verified, with_resource

NOTE = {"$ref": "#/components/schemas/Note"}
ID = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}}
SCHEMAS = {
    "Text": {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "maxLength": 90}},
    },
    "Note": {
        "type": "object",
        "required": ["id", "text"],
        "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
    },
}
KEYS = {"main": "key-of-ada", "second": "key-of-bo"}


def answers(status: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {"responses": {status: {"description": "Done", **content}}}


PATHS = {
    "/notes": {
        "get": {"operationId": "list_notes", **answers("200", {"type": "array", "items": NOTE})},
        "post": {
            "operationId": "create_note",
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Text"}}},
            },
            **answers("201", NOTE),
        },
    },
    "/notes/{note_id}": {
        "parameters": [ID],
        "get": {"operationId": "get_note", **answers("200", NOTE)},
        "delete": {"operationId": "delete_note", **answers("204")},
    },
}
SCHEMES = {"key": {"type": "http", "scheme": "bearer"}}


def document(schemes: dict[str, Any] | None = None) -> dict[str, Any]:
    parts = {"schemas": SCHEMAS, "securitySchemes": SCHEMES if schemes is None else schemes}
    security = [{name: []} for name in parts["securitySchemes"]]
    return openapi(PATHS, components=parts, **({"security": security} if security else {}))


def load(whole: dict[str, Any] | None = None) -> Model:
    """The model of a document, which `verify --openapi` reads with a second key."""
    made = imported(whole or document(), Choice(second=True), offering=False)
    places = made.places, made.schemes, made.bases
    return replace(made.model, source=open_source(made.document, "openapi.json", made.data, *places))


@dataclass
class Server:
    """Notes of two customers; `leaks` has the calls of one that reach the other's, as words."""

    leaks: str = ""
    refusal: int = 404
    full: bool = False
    notes: dict[int, tuple[str, str]] = field(default_factory=dict)
    made: int = 0

    def __call__(self, request: Request) -> Response:
        who = (request.header("Authorization") or "").removeprefix("Bearer ")
        if who not in KEYS.values():
            return answer(401, {"detail": "who are you?"})
        head, _, id = request.path.strip("/").partition("/")
        if head != "notes":
            return answer(404, {"detail": "no such path"})
        return self._one(request, who, id) if id else self._all(request, who)

    def _all(self, request: Request, who: str) -> Response:
        if request.method == "GET":
            mine = [n for n, (owner, _) in self.notes.items() if owner == who or "list" in self.leaks.split()]
            return answer(200, [{"id": n, "text": self.notes[n][1]} for n in mine])
        if request.method != "POST":
            return answer(405, {"detail": "method"}, Allow="GET, POST")
        body = read_json(request.body).value
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or len(text) > 90:
            return answer(422, {"detail": "text"})
        if self.full:
            return answer(409, {"detail": "no more notes"})
        self.made += 1
        self.notes[self.made] = who, text
        return answer(201, {"id": self.made, "text": text})

    def _one(self, request: Request, who: str, id: str) -> Response:
        number = int(id) if id.isdigit() else 0
        if number not in self.notes:
            return answer(404, {"detail": "no such note"})
        owner, text = self.notes[number]
        if owner != who and request.method not in self.leaks.split():
            return answer(self.refusal, {"detail": "no such note"})
        if request.method == "DELETE":
            del self.notes[number]
            return Response(204)
        return answer(200, {"id": number, "text": text})


def verdicts(server: Server) -> dict[str, Verdict]:
    names = ("absent_id/foreign", "project_isolation")
    report = verified(load(), server, keys=KEYS, allow_writes=True, only=names)
    return {r.contract.id: r.verdict for r in report.results if r.verdict is not Verdict.NOT_SELECTED}


@pytest.mark.parametrize("refusal", [403, 404, 409, 422])
def test_a_server_that_hides_what_is_anothers_keeps_it(refusal: int) -> None:
    found = verdicts(Server(refusal=refusal))
    assert set(found.values()) == {Verdict.KEPT}
    assert {"absent_id/foreign/note_id/get_note@rest", "project_isolation/told@rest"} <= found.keys()


@pytest.mark.parametrize("refusal", [401, 429, 500, 503])
def test_a_refusal_for_another_reason_hides_nothing(refusal: int) -> None:
    """The key was not taken, the server put the call off, or it failed."""
    found = verdicts(Server(refusal=refusal))
    assert found["absent_id/foreign/note_id/get_note@rest"] is Verdict.UNTESTED


@pytest.mark.parametrize(
    ("leaks", "contract"),
    [
        ("GET", "absent_id/foreign/note_id/get_note@rest"),
        ("DELETE", "absent_id/foreign/note_id/delete_note@rest"),
        ("list", "project_isolation/told@rest"),
    ],
)
def test_what_another_key_reaches_is_odd(leaks: str, contract: str) -> None:
    assert verdicts(Server(leaks=leaks))[contract] is Verdict.ODD


@pytest.mark.parametrize(
    ("rows", "full", "verdict"),
    [
        pytest.param({"main", "second"}, False, Verdict.BROKEN, id="each has its own"),
        pytest.param({"main"}, False, Verdict.ODD, id="the other may list another kind"),
        pytest.param({"main", "second"}, True, Verdict.BROKEN, id="none can be made"),
        pytest.param({"second"}, True, Verdict.UNTESTED, id="none is there, and none can be made"),
    ],
)
def test_rows_of_two_keys_without_one_in_common_are_of_each(
    rows: set[str], full: bool, verdict: Verdict
) -> None:
    """Two practices, 2026-11-30: each lists its own invoices, and reads those of the other."""
    server = Server(leaks="GET", full=full)
    for who in sorted(rows):
        server.notes[len(server.notes) + 100] = KEYS[who], f"of {who}"
    before = dict(server.notes)
    assert verdicts(server)["absent_id/foreign/note_id/get_note@rest"] is verdict
    assert server.notes == before


def test_without_a_second_key_nobody_else_is_promised_anything() -> None:
    model = imported(document(), offering=False).model
    assert not any(resource.tenant for resource in model.resources.values())
    assert "second" not in model.auth.roles


def test_a_document_without_a_key_has_no_second_caller() -> None:
    with pytest.raises(PgagentsError, match="names no key that calls carry") as error:
        imported(json.dumps(document({})), Choice(second=True))
    assert "--auth" in error.value.help


# -- an action that depends on a state


def load_with_states() -> Model:
    """Notes that are `open`, then `closed` by an action, which a closed one refuses."""
    state = {"state": {"type": "string", "enum": ["open", "closed"]}}
    note = {**SCHEMAS["Note"], "properties": {**SCHEMAS["Note"]["properties"], **state}}
    error = {"type": "object", "properties": {"detail": {"type": "string"}}}
    told = {"description": "It is closed", "content": {"application/json": {"schema": error}}}
    close = {"parameters": [ID], "post": {"operationId": "close_note", **answers("200", NOTE)}}
    close["post"]["responses"]["409"] = told
    components = {"schemas": {**SCHEMAS, "Note": note}, "securitySchemes": SCHEMES}
    paths = {**PATHS, "/notes/{note_id}/close": close}
    return load(openapi(paths, components=components, security=[{"key": []}]))


@dataclass
class Closing(Server):
    """Notes that anybody can close, if `leaks` says so, but for those that are closed."""

    closed: set[int] = field(default_factory=set)

    def __call__(self, request: Request) -> Response:
        if not request.path.endswith("/close"):
            found = super().__call__(request)
            return found if found.status not in (200, 201) else self._with_state(found)
        who = (request.header("Authorization") or "").removeprefix("Bearer ")
        if who not in KEYS.values():
            return answer(401, {"detail": "who are you?"})
        id = request.path.split("/")[2]
        number = int(id) if id.isdigit() else 0
        owner, text = self.notes.get(number, ("", ""))
        if owner != who and not (owner and self.leaks == "close"):
            return answer(404, {"detail": "no such note"})
        if number in self.closed:
            return answer(409, {"detail": "it is closed"})
        self.closed.add(number)
        return answer(200, {"id": number, "text": text, "state": "closed"})

    def _with_state(self, found: Response) -> Response:
        body = read_json(found.body).value
        for note in body if isinstance(body, list) else [body]:
            note["state"] = "closed" if note["id"] in self.closed else "open"
        return answer(found.status, body)


@pytest.mark.parametrize(("leaks", "verdict"), [("", Verdict.KEPT), ("close", Verdict.ODD)])
def test_the_state_is_no_reason_to_refuse_another(leaks: str, verdict: Verdict) -> None:
    report = verified(
        load_with_states(), Closing(leaks=leaks), keys=KEYS, allow_writes=True, only=("absent_id/foreign",)
    )
    found = {r.contract.id: r.verdict for r in report.results}
    assert found["absent_id/foreign/note_id/close_note@rest"] is verdict


# -- rows that both keys share by design


def load_shared() -> Model:
    """Notes that can be renamed, and commented."""
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Text"}}},
    }
    one = {
        **PATHS["/notes/{note_id}"],
        "patch": {"operationId": "rename_note", "requestBody": body, **answers("200", NOTE)},
    }
    comments = {
        "parameters": [ID],
        "post": {"operationId": "add_comment", "requestBody": body, **answers("201", {"type": "object"})},
    }
    parts = {"schemas": SCHEMAS, "securitySchemes": SCHEMES}
    paths = {**PATHS, "/notes/{note_id}": one, "/notes/{note_id}/comments": comments}
    return load(openapi(paths, components=parts, security=[{"key": []}]))


@dataclass
class Shared(Server):
    """Notes that everybody sees and comments."""

    def _one(self, request: Request, who: str, id: str) -> Response:
        number = id.partition("/")[0]
        sent = read_json(request.body).value if request.method in ("PATCH", "POST") else {"text": ""}
        if not isinstance(sent, dict) or not isinstance(sent.get("text"), str) or len(sent["text"]) > 90:
            return answer(422, {"detail": "text"})
        found = super()._one(request, who, number)
        if request.method == "POST":
            return answer(201, {}) if found.status == 200 else found
        if request.method == "PATCH" and found.status == 200:
            self.notes[int(number)] = self.notes[int(number)][0], sent["text"]
            return answer(200, {"id": int(number), "text": sent["text"]})
        return found


@dataclass
class InState(Shared):
    """Notes that everybody sees, changes and removes, but not in each state, as an author with posts."""

    status: int = 409

    def _one(self, request: Request, who: str, id: str) -> Response:
        state = request.method == "DELETE" and who != KEYS["main"]
        return answer(self.status, {"detail": "in use"}) if state else super()._one(request, who, id)


@pytest.mark.parametrize("status", [409, 422])
def test_what_the_state_refuses_is_not_denied(status: int) -> None:
    names = ("absent_id/foreign", "project_isolation", "read_after_write/not_listed")
    server = InState(leaks="list GET POST PATCH DELETE", status=status)
    report = verified(load_shared(), server, keys=KEYS, allow_writes=True, only=names)
    assert [finding.actual for finding in report.findings] == []


def list_odd(leaks: str) -> dict[str, str]:
    """What is odd of notes of which another key's calls reach ours as `leaks` says."""
    names = ("absent_id/foreign", "project_isolation", "read_after_write/not_listed")
    report = verified(load_shared(), Shared(leaks=leaks), keys=KEYS, allow_writes=True, only=names)
    assert {r.verdict for r in report.results}.isdisjoint({Verdict.BROKEN})
    return {finding.contract.action: finding.actual for finding in report.findings}


@pytest.mark.parametrize("leaks", ["list GET POST", "list GET POST PATCH DELETE"])
def test_rows_that_both_keys_list_and_read_are_shared(leaks: str) -> None:
    assert list_odd(leaks) == {}


@pytest.mark.parametrize(
    ("leaks", "odd", "actual"),
    [
        ("GET", "get_note", "200, although the other project's own list leaves it out"),
        ("list GET POST PATCH", "rename_note", "200, although delete_note is refused"),
        ("list GET POST DELETE", "delete_note", "204, although rename_note is refused"),
        ("list", "list_notes", "another project's is in the list"),
    ],
)
def test_what_a_shared_row_does_not_explain_is_told(leaks: str, odd: str, actual: str) -> None:
    assert list_odd(leaks)[odd] == actual


@pytest.mark.parametrize(
    ("leaks", "shown"),
    [
        ("GET", ("GET", "/notes/")),
        ("list GET POST PATCH", ("PATCH", "/notes/")),
        ("list GET POST DELETE", ("DELETE", "/notes/")),
        ("list", ("GET", "/notes")),
    ],
)
def test_a_finding_shows_the_call_that_reached_the_row_and_none_of_the_reads_that_prove_it(
    leaks: str, shown: tuple[str, str]
) -> None:
    names = ("absent_id/foreign", "project_isolation", "read_after_write/not_listed")
    report = verified(load_shared(), Shared(leaks=leaks), keys=KEYS, allow_writes=True, only=names)
    [*_, last] = report.findings[0].exchanges
    assert last.role == "second"
    assert (last.request.method, last.request.target.rstrip("0123456789")) == shown


# -- evidence


ROLES = "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}"
BOTH = ROLES[:-1] + ", roles: {main: {description: Ada}, second: {description: Bo, project: second}}}"


def test_ids_that_tell_nothing_show_no_isolation() -> None:
    """`n1` may stand in any answer, so that an answer without it shows nothing."""
    of = with_resource((ROLES, BOTH), ("    missing: NOT_FOUND", "    missing: NOT_FOUND\n    tenant: true"))
    server = Notes(key=lambda _: True)
    keys = {"main": KEY, "second": "test_key_2"}
    report = verified(of, server, keys=keys, allow_writes=True, only=("project_isolation/told",))
    (result,) = [r for r in report.results if r.contract.id == "project_isolation/told@rest"]
    assert result.verdict is Verdict.UNTESTED
