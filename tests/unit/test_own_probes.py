"""A consequence of the run's own call is not a fault of the server; of two faults in a call either answers.

Judgements of single answers, made here without a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.cel.expression import Expression
from pgagents.base.http import Request, Response, Silence, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.checks.rest import (
    absent_id,
    conditional_calls,
    framework,
    location,
    merge_patch,
    no_crashes,
    no_leaks,
    removals,
    upserts,
    valid_calls,
)
from pgagents.verify.judgement import Judgement, Untested, judge_accepted
from pgagents.verify.promise import Check, Trial
from pgagents.verify.run.absent_answers import nothing_there
from pgagents.verify.setting import Memory, Setting, setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, Concurrent, InstanceRef, Intent, Raw
from pgagents.verify.wire.exchange import Exchange
from small_api import URL, with_resource

NOTE = "{type: object\n    properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]}"


def exchange_of(
    model: Model, call: Call, answer: Response | Silence, given: dict[str, Any] | None = None, number: int = 1
) -> Exchange:
    """Return a call with its answer."""
    endpoint = call.endpoint
    method, path = (endpoint.method, str(endpoint.path)) if endpoint is not None else ("GET", "/")
    return Exchange(
        number, call, dict(call.input) if given is None else given, Request(call.raw.method or method, path),
        answer, seconds=0.0, sent_at=0.0,
        codes=model.codes, errors=model.error_reader, limits=model.limit_reader,
    )  # fmt: skip


def answer(status: int, body: Any = None, **headers: str) -> Response:
    """Return an answer in JSON."""
    return Response(
        status,
        (("Content-Type", "application/json"), *headers.items()),
        b"" if body is None else json_bytes(body),
    )


def find_trial(check: Check, setting: Setting, place: str, detail: str = "") -> Trial:
    """Return the trial of a case, which the check must have."""
    trial = check.find_trial(setting, place, detail)
    assert trial is not None, (place, detail)
    return trial


def drive(
    run: Callable[[], Any], model: Model, answers: Iterable[Response]
) -> tuple[list[Judgement], list[Call], Any]:
    """Answer the calls of a probe in turn. Return its judgements, its calls and what it returns."""
    waiting, judgements, calls = iter(answers), list[Judgement](), list[Call]()

    def answer(step: Any) -> Exchange | None:
        if isinstance(step, Judgement):
            judgements.append(step)
        elif isinstance(step, Call):
            calls.append(step)
            return exchange_of(model, step, next(waiting))
        return None

    with answering(answer):
        returned = run()
    return judgements, calls, returned


# -- operations of a document, whose refusals are documented


@cache
def document() -> Model:
    """Return the catalogue of a document with a token to check, a hidden configuration and a stream."""

    def one(name: str, *statuses: int, query: str = "", method: str = "get") -> dict[str, Any]:
        body = {"type": "object", "properties": {"user": {"type": "string"}}}
        answers: dict[str, Any] = {
            "200": {"description": "So", "content": {"application/json": {"schema": body}}}
        }
        answers |= {str(status): {"description": "No"} for status in statuses}
        asked = {"name": query, "in": "query", "required": True, "schema": {"type": "string"}}
        more = {"parameters": [asked, {**asked, "name": "to"}]} if query else {}
        return {method: {"operationId": name, "summary": name, "responses": answers, **more}}

    paths = {
        "/users/{user_id}": one("getUser", 404),
        "/reset": one("checkReset", 400, 401, query="reset_token"),
        "/search": one("search", 400, query="word"),
        "/books": one("listBooks", 404, query="page"),
        "/config": one("getConfig", 403),
        "/user/token": one("getUserToken"),
        "/profile": one("getProfile"),
        "/login": one("login"),
        "/logs": one("watchLogs"),
        "/history": one("readHistory"),
    }
    paths["/users/{user_id}"]["get"]["parameters"] = [
        {"name": "user_id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    return imported(openapi(paths)).model


def judge(name: str, status: int, intent: Intent = "valid", reached: tuple[str, ...] = ()) -> str:
    """Return why the answer to a call with made-up values shows nothing."""
    model = document()
    setting = setting_of(model, URL)
    endpoint = setting.by_place[f"{name}@rest"]
    call = Call(endpoint, {str(p.name): "x" for p in endpoint.params}, intent, "a call")
    return nothing_there(setting, exchange_of(model, call, answer(status, {})), reached)


@pytest.mark.parametrize("status", [400, 401])
def test_a_documented_refusal_of_a_made_up_token_shows_nothing(status: int) -> None:
    assert "the value of reset_token was made up" in judge("check_reset", status)
    assert judge("check_reset", status, "invalid") == ""
    assert judge("check_reset", status, reached=("check_reset@rest",)) == "", "it has taken such a value"
    assert judge("check_reset", 422) == "", "the document has no such answer"


def test_a_word_is_no_token() -> None:
    assert judge("search", 400) == ""


def test_a_page_behind_the_list_is_no_id_that_was_made_up() -> None:
    assert judge("list_books", 404) == "page x is behind the list: it was answered 404"
    assert judge("list_books", 404, "invalid") == "", "a wrong number of a page is refused by it"


def test_a_403_of_what_never_succeeded_shows_nothing() -> None:
    assert "another key (`--env`)" in judge("get_config", 403)
    assert judge("get_config", 403, reached=("get_config@rest",)) == ""
    assert "another key (`--env`)" in judge("get_profile", 403), "`documented_status` tells that it has none"


@pytest.mark.parametrize(
    ("name", "member", "leaks"),
    [
        ("get_user_token", "token", False),
        ("login", "token", False),
        ("get_profile", "token", True),
        ("get_user_token", "password_hash", True),
    ],
)
def test_an_operation_that_gives_a_token_leaks_none(name: str, member: str, leaks: bool) -> None:
    model = document()
    setting = setting_of(model, URL)
    memory = Memory(setting)
    call = Call(setting.by_place[f"{name}@rest"], {}, "valid", "a call")
    shown = exchange_of(model, call, answer(200, {"user": "u", member: "abcd1234efgh"}))
    (judgement,) = no_leaks.watch(shown, memory)
    assert (judgement.verdict is Verdict.BROKEN) is leaks


@pytest.mark.parametrize(
    ("name", "kind", "verdict"),
    [
        ("watch_logs", "timeout", Verdict.UNTESTED),
        ("watch_logs", "reset", Verdict.BROKEN),
        ("read_history", "timeout", Verdict.BROKEN),
    ],
)
def test_a_read_that_waits_by_its_name_may_be_silent(name: str, kind: str, verdict: Verdict) -> None:
    model = document()
    setting = setting_of(model, URL)
    call = Call(setting.by_place[f"{name}@rest"], {}, "valid", "a call")
    (judgement,) = no_crashes.watch(exchange_of(model, call, Silence(kind)), Memory(setting))
    assert judgement.verdict is verdict


# -- notes with an action that brings back, two tenants, unique texts and tags


RESTORE = """
  NAME:
    title: TITLE
    description: Does it.
    http: POST /notes/{note_id}/PATH
    effect: write
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
surfaces:"""


def notes_with(name: str, title: str, path: str) -> Model:
    text = RESTORE.replace("NAME", name).replace("TITLE", title).replace("PATH", path)
    return with_resource(("\nsurfaces:", text))


@pytest.mark.parametrize(
    ("name", "title", "path", "promised"),
    [
        ("restore_note", "Restore a note", "restore", False),
        ("act_on_note", "Undelete a note", "act", False),
        ("act_on_note", "Act on a note", "recover", False),
        ("print_note", "Print a note", "print", True),
    ],
)
def test_an_action_that_brings_back_by_its_name_need_not_refuse_what_was_removed(
    name: str, title: str, path: str, promised: bool
) -> None:
    setting = setting_of(notes_with(name, title, path), URL)
    trial = removals.CHECK.find_trial(setting, f"{name}@rest", "refused/note")
    assert (trial is not None) is promised


@pytest.mark.parametrize(
    ("back", "odd", "calls"),
    [(200, True, ["print_note", "get_note", "delete_note"]), (404, False, ["print_note", "get_note"])],
)
def test_what_another_action_brings_back_is_odd_and_removed_again(
    back: int, odd: bool, calls: list[str]
) -> None:
    model = notes_with("print_note", "Print a note", "print")
    setting = setting_of(model, URL)
    resource, note = model.resources["note"], {"id": "n1", "text": "hello"}
    assert resource.undone_by is not None
    trial = find_trial(removals.CHECK, setting, "print_note@rest", "refused/note")
    read = find_trial(removals.CHECK, setting, "get_note@rest", "note")
    again = Call(
        setting.by_place["delete_note@rest"],
        resource.undone_by.input,
        "clean",
        "again",
        subject=resource,
        made=note,
    )
    reads = [(read, resource.read_by[0])]
    run = partial(removals._call_removed, trial, resource, note, reads, again)
    answers = [answer(200, note), answer(back, note if back == 200 else {"detail": "no"}), answer(204)]
    (judgement,), sent, stays = drive(run, model, answers)
    assert (judgement.verdict, judgement.odd, bool(stays)) == (Verdict.BROKEN, odd, False)
    assert [str(call.endpoint.action.name) for call in sent if call.endpoint is not None] == calls


TAGGED = (
    (
        "    http: PUT /notes/{note_id}\n    effect: write\n    input:\n",
        (
            "    http: PUT /notes/{note_id}\n    effect: write\n    if_match: tag\n    input:\n"
            "      tag: {in: header, wire: If-Match, type: string}\n"
        ),
    ),
    (
        "    output: {201: {$ref: Note}}\n    errors: [REFUSED]\n",
        "    output: {201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]\n",
    ),
    ("    http: GET /notes/{note_id}\n", "    http: GET /notes/{note_id}\n    etag: true\n"),
    (
        "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED]\n  delete_note",
        "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED, STALE, TAKEN]\n  delete_note",
    ),
    (
        "    NOT_FOUND: {status: 404, meaning: No such note}\n",
        (
            "    NOT_FOUND: {status: 404, meaning: No such note}\n"
            "    STALE: {status: 412, meaning: Another version}\n"
            "    TAKEN: {status: 409, meaning: Another note has the text}\n"
        ),
    ),
    (
        "    missing: NOT_FOUND\n",
        "    missing: NOT_FOUND\n    unique: [{members: [text], otherwise: TAKEN}]\n",
    ),
)


@cache
def tagged() -> Model:
    """Return notes with tags, whose texts are unique."""
    return with_resource(*TAGGED)


def test_writes_under_a_condition_send_new_values_of_unique_members() -> None:
    model = tagged()
    setting = setting_of(model, URL)
    endpoint, resource = setting.by_place["change_note@rest"], model.resources["note"]
    for turn in (0, 1):
        call = conditional_calls.make_write(setting, resource, endpoint, {"id": "n1"}, '"1"', turn, "a write")
        text = call.input["text"]
        assert isinstance(text, Expression)
        assert text.canonical == "fresh.text"


def test_a_second_put_keeps_the_values_of_unique_members() -> None:
    plain = with_resource()
    for model, changed in ((plain, {"text"}), (tagged(), set())):
        setting = setting_of(model, URL)
        endpoint, resource = setting.by_place["change_note@rest"], model.resources["note"]
        given = {"note_id": "n1", "text": "hello"}
        assert upserts._choose_others(setting, resource, endpoint, given).keys() == changed


@pytest.mark.parametrize(
    ("format", "shown", "other"),
    [
        ("date-time", "2031-05-31T10:30:00+02:00", "2032-07-04T10:30:00+02:00"),
        ("date", "2031-12-31", "2033-02-03"),
        ("date-time", "9999-12-31T00:00:00Z", None),
    ],
)
def test_both_ends_of_a_span_are_put_off_alike(format: str, shown: str, other: str | None) -> None:
    """A booking from ten to eleven would else begin and end at one time (a co-working space in Quart)."""
    text = "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
    text += "    output: {200: {$ref: Note}}\n"
    at = text.replace("    output", f"      at: {{type: string, format: {format}}}\n    output")
    setting = setting_of(with_resource((text, at)), URL)
    endpoint = setting.by_place["change_note@rest"]
    param = endpoint.action.param("at")
    assert param is not None
    chosen = choose_other(setting, endpoint, param, shown)
    assert chosen == other if other else chosen not in (None, shown)


@pytest.mark.parametrize(
    ("status", "verdict"), [(409, Verdict.UNTESTED), (412, Verdict.BROKEN), (200, Verdict.KEPT)]
)
def test_a_taken_value_is_not_blamed_on_the_tag(status: int, verdict: Verdict) -> None:
    model = tagged()
    setting = setting_of(model, URL)
    trial = find_trial(conditional_calls.CHECK, setting, "change_note@rest", "present")
    call = Call(trial.endpoint, {}, "explore", "a write")
    first, second = (
        exchange_of(model, call, answer(200, {"id": "n1", "text": text}, ETag=f'"{text}"')) for text in "ab"
    )
    done = exchange_of(model, call, answer(status, {"detail": "no"}))
    assert conditional_calls._judge_present(trial, first, done, second).verdict is verdict


def test_a_write_that_changes_nothing_shows_no_new_tag_and_a_count_of_views_no_change() -> None:
    model = tagged()
    setting = setting_of(model, URL)
    present, stale = (
        find_trial(conditional_calls.CHECK, setting, "change_note@rest", detail)
        for detail in ("present", "stale")
    )
    call = Call(present.endpoint, {}, "explore", "a write")
    old, new, viewed = (
        exchange_of(model, call, answer(200, {"id": "n1", "text": "a", "views": views}, ETag=tag))
        for views, tag in ((1, '"1"'), (2, '"2"'), (3, '"2"'))
    )
    done, late = (exchange_of(model, call, answer(status, {"detail": "no"})) for status in (200, 412))
    assert conditional_calls._judge_present(present, new, done, new).verdict is Verdict.UNTESTED
    (judged,) = conditional_calls._judge_stale(stale, (old, done, new), late, viewed)
    assert judged.verdict is Verdict.KEPT


@pytest.mark.parametrize(("status", "told"), [(412, [Verdict.KEPT]), (503, []), (500, [])])
def test_of_two_writes_at_once_one_that_failed_shows_nothing(status: int, told: list[Verdict]) -> None:
    model = tagged()
    setting = setting_of(model, URL)
    trial = find_trial(conditional_calls.CHECK, setting, "change_note@rest", "once")
    judged: list[Judgement] = []

    def reply(step: Any) -> Any:
        if isinstance(step, Judgement):
            judged.append(step)
        elif isinstance(step, InstanceRef):
            return {"id": "n1"}
        elif isinstance(step, Concurrent):
            answers = (answer(200, {"id": "n1", "text": "b"}), answer(status, {"detail": "no"}))
            return [exchange_of(model, *each) for each in zip(step.calls, answers, strict=True)]
        else:
            return exchange_of(model, step, answer(200, {"id": "n1", "text": "a"}, ETag='"1"'))
        return None

    reader = setting.by_place["get_note@rest"]
    with answering(reply), nullcontext() if told else pytest.raises(Untested):
        conditional_calls._write_at_once(trial, model.resources["note"], reader)
    assert [one.verdict for one in judged] == told


def test_of_two_foreign_ids_the_server_may_refuse_either() -> None:
    pair = """
  link_notes:
    title: Link notes
    description: Links two things.
    http: POST /links
    effect: write
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      tag_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: tag}
    output: {201: {$ref: Note}}
    errors: [NOT_FOUND, NO_TAG, REFUSED]
surfaces:"""
    tag = """
  tag:
    made_by: {action: create_note, input: {text: tag}, at: response}
    read_by: {action: get_note, input: {note_id: =resource.id}, at: response}
    absent: no-such-tag
    missing: NO_TAG
    tenant: true
"""
    model = with_resource(
        ("\nsurfaces:", pair),
        ("    missing: NOT_FOUND\n", f"    missing: NOT_FOUND\n    tenant: true{tag}"),
        (
            "    NOT_FOUND: {status: 404, meaning: No such note}\n",
            (
                "    NOT_FOUND: {status: 404, meaning: No such note}\n"
                "    NO_TAG: {status: 422, meaning: No such tag}\n"
            ),
        ),
    )
    setting = setting_of(model, URL)
    endpoint, resource = setting.by_place["link_notes@rest"], model.resources["note"]
    trial = find_trial(absent_id.CHECK, setting, endpoint.place, "foreign/note_id")
    param = endpoint.action.param("note_id")
    assert param is not None
    assert {code.name for code in absent_id._list_codes(trial, param, resource)} == {"NOT_FOUND", "NO_TAG"}


# -- what HTTP and JSON-RPC answer


def test_only_a_405_needs_allow() -> None:
    model = with_resource(
        ("no_key: UNAUTHORIZED}", "no_key: UNAUTHORIZED, wrong_method: NO_METHOD}"),
        ("    NOT_FOUND: {s", "    NO_METHOD: {status: 405, meaning: Another method}\n    NOT_FOUND: {s"),
    )
    setting = setting_of(model, URL)
    trial = find_trial(framework.CHECK, setting, "@rest", "wrong_method")
    call = Call(None, {}, "framework", "another method", raw=Raw("PUT", "/notes"))

    def judge_allow(status: int, **headers: str) -> list[Rank | None]:
        shown = exchange_of(model, call, answer(status, {}, **headers))
        return [judgement.rank for judgement in framework._judge_allow(trial, frozenset({"GET"}), shown)]

    assert (judge_allow(200), judge_allow(404)) == ([], [])
    assert judge_allow(405) == [Rank.ODD]
    assert judge_allow(405, Allow="GET") == []


@pytest.mark.parametrize(
    ("status", "allowed", "verdict"),
    [
        (405, {"Allow": "POST"}, Verdict.NOT_APPLICABLE),  # Starlette names the methods of one route
        (204, {}, Verdict.NOT_APPLICABLE),
        (200, {"Allow": "GET, POST"}, Verdict.KEPT),
        (200, {"Allow": "POST"}, Verdict.BROKEN),
    ],
)
def test_only_an_answer_that_names_methods_says_which_are_allowed(
    status: int, allowed: dict[str, str], verdict: Verdict
) -> None:
    model = with_resource()
    setting = setting_of(model, URL)
    trial = find_trial(framework.CHECK, setting, "@rest", "allowed_methods")
    call = Call(None, {}, "framework", "OPTIONS")
    shown = Exchange(
        1, call, {}, Request("OPTIONS", "/notes"), answer(status, {}, **allowed),
        seconds=0.0, sent_at=0.0, codes=model.codes, errors=model.error_reader, limits=model.limit_reader,
    )  # fmt: skip
    assert framework._judge_options(trial, shown).verdict is verdict


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, Verdict.KEPT), (401, Verdict.UNTESTED), (405, Verdict.BROKEN)]
)
def test_a_head_that_is_refused_as_its_get_may_be_shows_nothing(status: int, verdict: Verdict) -> None:
    model = with_resource(("surfaces: {", "behaviour: {head: as_get}\nsurfaces: {"))
    trial = find_trial(framework.CHECK, setting_of(model, URL), "@rest", "head")
    shown = exchange_of(model, Call(None, {}, "framework", "HEAD", raw=Raw("HEAD", "/notes")), answer(status))
    assert framework._judge_head(trial, shown).verdict is verdict


@pytest.mark.parametrize(
    ("number", "own"), [(-32601, True), (-32600, True), (-32602, True), (-32000, False), (7, False)]
)
def test_json_rpc_has_errors_of_its_own_for_what_is_no_method(number: int, own: bool) -> None:
    model = with_resource(
        (
            "surfaces: {rest: {actions: all}}",
            "surfaces: {rest: {actions: all}, rpc: {form: json_rpc, http: POST /rpc, actions: [get_note]}}",
        )
    )
    setting = setting_of(model, URL)
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": number, "message": "Method not found"}}
    for place, right in (("get_note@rpc", own), ("get_note@rest", False)):
        call = Call(setting.by_place[place], {}, "framework", "an unknown method")
        assert framework._is_error_of_protocol(exchange_of(model, call, answer(200, body))) is right


# -- a Location, and null for a member with a default


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ({"id": "n1", "text": "a"}, Verdict.KEPT),
        ({"id": "n2", "text": "a"}, Verdict.BROKEN),
        ({"note": {"id": "n1"}}, Verdict.UNTESTED),
    ],
)
def test_an_answer_without_an_id_is_not_another_instance(shown: Any, verdict: Verdict) -> None:
    model = with_resource(
        (
            "    output: {201: {$ref: Note}}",
            "    output: {201: {$ref: Note, headers: {Location: {type: string, description: Where it is}}}}",
        )
    )
    setting = setting_of(model, URL)
    resource = model.resources["note"]
    trial = find_trial(location.CHECK, setting, "create_note@rest")
    call = Call(setting.by_place["get_note@rest"], {"note_id": "n1"}, "explore", "its Location")
    seen = exchange_of(model, call, answer(200, shown))
    judgement = location._judge(trial, resource, resource.read_by[0], {"id": "n1"}, seen, late=False)
    assert judgement.verdict is verdict


PATCH = """
  patch_note:
    title: Patch a note
    description: Patches a note.
    http: PATCH /notes/{note_id}
    effect: write
    content_type: application/merge-patch+json
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      colour: {type: [string, "null"], enum: [white, blue, null]}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
surfaces:"""


@pytest.mark.parametrize(
    ("declared", "made", "last", "verdict"),
    [
        (", default: white", {}, "white", Verdict.KEPT),
        ("", {"colour": "white"}, "white", Verdict.KEPT),
        ("", {}, "white", Verdict.BROKEN),
        (", default: white", {}, "blue", Verdict.BROKEN),
        ("", {}, None, Verdict.KEPT),
    ],
)
def test_null_may_mean_the_default(declared: str, made: Any, last: Any, verdict: Verdict) -> None:
    note = (
        f"text: {{type: string}}, colour: {{type: [string, 'null'], enum: [white, blue, null]{declared}}}}}"
    )
    model = with_resource(
        ("\nsurfaces:", PATCH),
        (
            "    properties: {id: {type: string}, text: {type: string}}",
            f"    properties: {{id: {{type: string}}, {note}",
        ),
    )
    setting = setting_of(model, URL)
    trials = [
        find_trial(merge_patch.CHECK, setting, "patch_note@rest", detail)
        for detail in ("removes/colour", "keeps/colour")
    ]
    (patch,) = merge_patch._list_patches(setting)
    defaults = (*patch.defaults, *made.values())
    value = merge_patch._choose_value(setting, patch.member, defaults)
    assert value == ("blue" if defaults else "white")

    def note_with(colour: Any) -> Response:
        return answer(200, {"id": "n1", "text": "hello", **({} if colour is None else {"colour": colour})})

    made_note = answer(201, {"id": "n1", "text": "hello", **made})
    answers = [
        made_note, made_note, note_with(value), note_with(value), note_with(value), note_with(value),
        note_with(last if last != "white" or defaults else value), note_with(last),
    ]  # fmt: skip
    judgements, _, _ = drive(partial(merge_patch._try, trials, patch), model, answers)
    by_contract = {judgement.contract: judgement.verdict for judgement in judgements}
    assert by_contract[trials[0].contract] is verdict
    assert by_contract[trials[1].contract] is Verdict.KEPT


@pytest.mark.parametrize(
    ("status", "said"), [(409, Verdict.UNTESTED), (422, Verdict.BROKEN), (404, Verdict.BROKEN)]
)
def test_a_409_that_several_codes_may_mean_is_a_refusal_by_the_state(status: int, said: Verdict) -> None:
    """No member of the body tells the codes apart, as in a catalogue that an agent wrote for Pawprint."""
    model = with_resource(
        (
            "    NOT_FOUND: {",
            "    TAKEN: {status: 409, meaning: So}\n    LATE: {status: 409, meaning: So}\n    NOT_FOUND: {",
        ),
        ("    errors: [REFUSED]\n", "    errors: [REFUSED, TAKEN, LATE]\n"),
    )
    setting = setting_of(model, URL)
    call = Call(setting.find_lead("create_note"), {"text": "a"}, "valid", "a call")
    judged = judge_accepted(exchange_of(model, call, answer(status, {"detail": "No"})), "", "a call")
    assert [one.verdict for one in judged] == [said]


@pytest.mark.parametrize("status", [402, 423, 424])
def test_a_declined_card_or_a_lock_does_not_say_that_the_call_was_wrong(status: int) -> None:
    """Stripe documents 402 for a card that is declined, WebDAV servers 423 and 424 (RFC 4918)."""
    model = with_resource(("REFUSED: {status: 422", f"REFUSED: {{status: {status}"))
    call = Call(setting_of(model, URL).by_place["create_note@rest"], {"text": "Hi"}, "valid", "a call")
    (judged,) = judge_accepted(exchange_of(model, call, answer(status, {"detail": "no"})), "c", "a call")
    assert judged.verdict is Verdict.UNTESTED


def test_a_call_that_shows_the_least_arguments_gets_no_others() -> None:
    """A server asks for what its document calls optional: no call gives it that and keeps the promise."""
    more = "effect: read\n    input: {word: {type: string, maxLength: 9}}\n    output: {200: {type: obj"
    model = with_resource(("effect: read\n    output: {200: {type: obj", more))
    ignoring = replace(model, behaviour=model.behaviour.model_copy(update={"unknown_query": "ignored"}))
    attempts = valid_calls.list_attempts(setting_of(ignoring, URL), frozenset(("main",)))
    joint = [(keys, attempt.together) for attempt, keys in attempts if attempt.together is not None]
    least = [run for keys, run in joint if ("minimal", "list_notes@rest") in keys]
    assert [run.keywords["call"].exact for run in least if isinstance(run, partial)] == [True]
