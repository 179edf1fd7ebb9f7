"""Right servers answer an idempotency key in several ways, and refuse for other reasons too."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import answering, imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.importer.catalogue import Choice
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.answers.replay import repeats_key
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, verify
from small_api import NOTES, Notes, answer, verified, with_resource
from verifying import ROOT, model

TICKETS = ROOT / "tests" / "catalogues" / "tickets.yaml"
KEY = "      key: {type: string, minLength: 1, maxLength: 60, in: header, wire: Idempotency-Key}\n"
TEXT = "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
CREATED = "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}\n"
CHANGES = (
    (CREATED, f"    input:\n{TEXT}{KEY}    idempotency: key\n"),
    (f"{TEXT}    output: {{200", f"{TEXT}{KEY}    idempotency: key\n    output: {{200"),
    ("    NOT_FOUND: {status", "    TAKEN: {status: 409, meaning: Taken}\n    NOT_FOUND: {status"),
    (
        "output: {201: {$ref: Note}}\n    errors: [REFUSED]",
        "output: {201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]",
    ),
)
TEXTS = {"type": "string"}
UNUSED = "idempotency: {not_used_up_by: [422]}\n"
Again = Callable[[Response], Response]


def kept_answers(again: Again, other: Again) -> Callable[[Notes, Request], Response | None]:
    """Return a server's way with keys: `again` for a repeated call, `other` for another body."""
    known: dict[str, tuple[bytes, Response]] = {}

    def keyed(notes: Notes, request: Request) -> Response | None:
        key = request.header("Idempotency-Key")
        if key is None:
            return None
        if key in known:
            body, first = known[key]
            return again(first) if body == request.body else other(first)
        made = notes.plainly(request)
        if made.status < 300:
            known[key] = request.body, made
        return made

    return keyed


def refusing(status: int) -> Again:
    return lambda _: answer(status, {"detail": "the key was used"})


def run(way: Callable[[Notes, Request], Response | None], only: str, more: str = "") -> Report:
    of = with_resource(*CHANGES, text=NOTES + more)
    return verified(of, Notes(before=way), allow_writes=True, exclusive=True, only=(only,))


def verdict(report: Report, contract: str) -> Verdict:
    return next(r.verdict for r in report.results if r.contract.id == contract)


@pytest.mark.parametrize("status", [409, 422])
def test_a_repeated_call_may_be_refused_with_any_status(status: int) -> None:
    """Adyen answers 422, with the code 704."""
    report = run(kept_answers(refusing(status), refusing(409)), "idempotency")
    assert not report.findings
    assert verdict(report, "idempotency/replay/create_note@rest") is Verdict.KEPT


def test_an_answer_that_has_a_number_of_its_own_shows_no_second_effect() -> None:
    """So do JSON:API's `meta` and envelopes with the id of a request."""
    numbers = count()

    def number(first: Response) -> Response:
        return answer(first.status, {**read_json(first.body).value, "request": next(numbers)})

    report = run(kept_answers(number, refusing(422)), "idempotency")
    assert not report.findings
    assert verdict(report, "idempotency/replay/create_note@rest") is Verdict.KEPT
    for result in (
        r
        for r in report.results
        if r.contract.id in ("idempotency/replay/change_note@rest", "idempotency/race/change_note@rest")
    ):
        assert result.verdict is Verdict.UNTESTED
        assert "not proof of a second effect" in result.reason


def test_a_repeated_call_leaves_out_what_the_first_one_left_out() -> None:
    """A sports office and a depot of 2026-11-29 refuse the key with a default that is written out."""
    default = "      color: {enum: [red, blue], default: red}\n"
    changes = (CHANGES[0][0], CHANGES[0][1].replace(KEY, KEY + default)), *CHANGES[1:]
    bodies: dict[str | None, set[bytes]] = {}

    def colourless(_: Notes, request: Request) -> Response | None:
        if b"color" in request.body and request.header("Idempotency-Key") not in bodies:
            return answer(422, {"detail": "no colours today"})
        bodies.setdefault(request.header("Idempotency-Key"), set()).add(request.body)
        return None

    of = with_resource(*changes, text=NOTES)
    verified(of, Notes(before=colourless), allow_writes=True, exclusive=True, only=("idempotency/replay",))
    assert not [body for same in bodies.values() for body in same if b"red" in body]


REPLAYED = """workflows:
  replayed:
    title: A replayed note
    description: Makes a note, changes it, and makes it again.
    only_verify: true
    steps:
      made: {action: create_note, input: {text: first, key: the-key}, keep: {id: response.id}}
      other: {action: change_note, input: {note_id: =made.id, text: second}}
      again: {action: create_note, input: {text: first, key: the-key}, expect: [response.id == made.id]}
      now: {action: get_note, input: {note_id: =made.id}, expect: [response.text == "second"]}
"""


def test_the_first_answer_again_is_not_the_present_state() -> None:
    """A music school of 2026-11-29 answers a repeated payment as it answered the first."""
    of = with_resource(
        *CHANGES, ("    missing: NOT_FOUND\n", f"    missing: NOT_FOUND\n{REPLAYED}"), text=NOTES
    )
    server = Notes(before=kept_answers(lambda first: first, refusing(422)))
    only = ("workflow_runs", "consistent_representations")
    report = verified(of, server, allow_writes=True, exclusive=True, only=only)
    assert not report.findings
    assert verdict(report, "workflow_runs/replayed/now/expect-1@rest") is Verdict.KEPT


def test_only_a_later_call_repeats_a_key() -> None:
    """Each of several watchers may ask about the same answer."""
    param = SimpleNamespace(wire="key", place="body")
    action = SimpleNamespace(idempotency="key", param=lambda _: param)
    raw = SimpleNamespace(headers=())
    call = SimpleNamespace(endpoint=SimpleNamespace(action=action), raw=raw)
    memory = SimpleNamespace(notes={})

    def repeats(number: int, **given: str) -> bool:
        return repeats_key(
            cast(Any, SimpleNamespace(call=call, number=number, input=given)), cast(Any, memory)
        )

    assert [repeats(1, key="a"), repeats(1, key="a"), repeats(2, key="b"), repeats(3), repeats(4)] == [
        False
    ] * 5
    assert repeats(5, key="a")


def test_a_key_is_not_to_blame_for_what_a_new_key_does_not_mend() -> None:
    def full(notes: Notes, request: Request) -> Response | None:
        right = request.method == "POST" and notes.text(request) is not None
        return answer(409, {"detail": "all is taken"}) if right else None

    report = run(full, "idempotency_key_not_consumed", UNUSED)
    assert not report.findings
    assert verdict(report, "idempotency_key_not_consumed/422/create_note@rest") is Verdict.UNTESTED


@pytest.mark.parametrize("used", [False, True])
def test_a_refused_call_leaves_its_key_to_a_mended_one(used: bool) -> None:
    seen: set[str] = set()

    def keyed(_: Notes, request: Request) -> Response | None:
        key = request.header("Idempotency-Key") or ""
        if used and key in seen:
            return answer(409, {"detail": "the key was used"})
        seen.add(key)
        return None

    report = run(keyed, "idempotency_key_not_consumed", UNUSED)
    told = Verdict.BROKEN if used else Verdict.KEPT
    assert verdict(report, "idempotency_key_not_consumed/422/create_note@rest") is told


def test_an_action_may_take_the_key_of_another_if_nobody_speaks_of_it() -> None:
    """Middlewares that store answers by method, path and key let it."""
    told = [p.id for p in contracts(model(TICKETS)) if p.check == "idempotency"]
    assert told
    assert [id for id in told if "other_action" in id] == []
    assert any("other_action" in p.id for p in contracts(model()))


def test_a_key_is_used_again_at_another_projects_own_place() -> None:
    """A project's slug is the client's text. That of the first call names nothing of another project."""
    text, slug = (
        {"type": "string", "minLength": 1, "maxLength": 40},
        {"type": "string", "pattern": "^[a-z0-9-]+$"},
    )
    error = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}

    def members(**schemas: Any) -> dict[str, Any]:
        return {"type": "object", "required": [*schemas], "properties": schemas}

    def told(status: int, schema: Any, *refusals: int) -> dict[str, Any]:
        known = {status: schema, **dict.fromkeys(refusals, error)}
        content = {
            code: {"content": {"application/json": {"schema": of}}} if of else {}
            for code, of in known.items()
        }
        return {str(code): {"description": "So", **content[code]} for code in known}

    def sent(**schemas: Any) -> dict[str, Any]:
        return {"required": True, "content": {"application/json": {"schema": members(**schemas)}}}

    project, ticket = members(slug=slug, name=text), members(number={"type": "integer"}, title=text)
    at = [{"name": "slug", "in": "path", "required": True, "schema": slug}]
    key = {"name": "Idempotency-Key", "in": "header", "schema": text}
    document = openapi(
        {
            "/projects": {
                "get": {
                    "operationId": "list_projects",
                    "responses": told(200, {"type": "array", "items": project}, 401),
                },
                "post": {
                    "operationId": "create_project",
                    "requestBody": sent(slug=slug, name=text),
                    "responses": told(201, project, 400, 401, 409),
                },
            },
            "/projects/{slug}": {
                "parameters": at,
                "get": {"operationId": "get_project", "responses": told(200, project, 401, 404)},
                "delete": {"operationId": "delete_project", "responses": told(204, None, 401, 404)},
            },
            "/projects/{slug}/tickets": {
                "parameters": at,
                "post": {
                    "operationId": "create_ticket",
                    "parameters": [key],
                    "requestBody": sent(title=text),
                    "responses": told(201, ticket, 400, 401, 404),
                },
            },
            "/projects/{slug}/tickets/{number}": {
                "parameters": [
                    *at,
                    {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}},
                ],
                "get": {"operationId": "get_ticket", "responses": told(200, ticket, 401, 404)},
                "delete": {"operationId": "delete_ticket", "responses": told(204, None, 401, 404)},
            },
        },
        security=[{"key": []}],
        components={"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    )
    projects: dict[tuple[str, ...], Any] = {}
    tickets: dict[tuple[str, ...], Any] = {}
    answers: dict[tuple[str, ...], Response] = {}
    numbers = count(1)

    def serve(request: Request) -> Response:
        owner, (_, *steps) = request.header("X-Key") or "", request.path.split("/")
        if owner not in ("one", "two"):
            return answer(401, {"detail": "no key"})
        if len(steps) > 1 and (owner, steps[1]) not in projects:
            return answer(404, {"detail": "no such project"})
        there = tickets if len(steps) == 4 else projects
        if len(steps) % 2 == 0 and (owner, *steps[1::2]) not in there:
            return answer(404, {"detail": "not there"})
        if request.method == "GET" and len(steps) == 1:
            return answer(200, [project for (of, _), project in projects.items() if of == owner])
        if request.method == "GET":
            return answer(200, there[owner, *steps[1::2]])
        if request.method == "DELETE":
            del there[owner, *steps[1::2]]
            return Response(204, (), b"")
        body = read_json(request.body).value
        if not isinstance(body, dict) or not all(isinstance(one, str) and one for one in body.values()):
            return answer(400, {"detail": "wrong"})
        if len(steps) == 1:
            projects[owner, body["slug"]] = body
            return answer(201, body)
        kept = (owner, request.path, request.header("Idempotency-Key") or f"none {next(numbers)}")
        if kept not in answers:
            made = {"number": next(numbers), **body}
            tickets[owner, steps[1], str(made["number"])] = made
            answers[kept] = answer(201, made)
        return answers[kept]

    now = [1_776_000_000.0]
    report = verify(
        imported(document, Choice(second=True)).model,
        serve,
        Identities({"main": "one", "second": "two"}),
        Options(live=False, allow_writes=True, only=("idempotency/", "honours_manifest/")),
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )
    odd = [r.contract.id for r in report.results if r.verdict is Verdict.ODD and "accepts" in r.contract.id]
    assert odd == []
    assert verdict(report, "idempotency/other_project/create_ticket@rest") is Verdict.KEPT


@pytest.mark.parametrize(
    ("declared", "found"), [("Idempotent-Replayed", Verdict.BROKEN), ("X-Id", Verdict.ODD)]
)
@pytest.mark.parametrize("right", [True, False])
def test_a_document_that_declares_the_header_of_a_repeated_answer_says_what_the_key_does(
    declared: str, found: Verdict, right: bool
) -> None:
    """A sports office of 2026-11-29 has both headers at each create, and minded the key of one alone."""
    note = {"type": "object", "required": ["id", "text"], "properties": {"id": TEXTS, "text": TEXTS}}
    body = {"required": True, "content": {"application/json": {"schema": {**note, "required": ["text"]}}}}
    made = {"201": {"headers": {declared: {"schema": TEXTS}}, **answering(note)["200"]}}
    keyed = {"in": "header", "name": "Idempotency-Key", "schema": TEXTS}
    create = {"operationId": "create", "parameters": [keyed], "requestBody": body, "responses": made}
    id = {"in": "path", "name": "note_id", "required": True, "schema": TEXTS}
    of = {"operationId": "get", "parameters": [id], "responses": answering(note)}
    gone = {"operationId": "remove", "parameters": [id], "responses": {"204": {"description": "Gone"}}}
    known = openapi({"/notes": {"post": create}, "/notes/{note_id}": {"get": of, "delete": gone}})
    way = kept_answers(lambda first: first, refusing(422)) if right else lambda _notes, _request: None
    report = verified(
        imported(known).model, Notes(before=way, key=lambda _: True), allow_writes=True, only=("idempotency",)
    )
    assert verdict(report, "idempotency/replay/create@rest") is (Verdict.KEPT if right else found)
    assert verdict(report, "idempotency/race/create@rest") is not Verdict.BROKEN
