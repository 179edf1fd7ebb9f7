"""Broken contracts that are one finding, and those that are several, in runs of a small server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.answers import ErrorReader
from pgagents.report.causes import cause_of
from pgagents.report.contract import Contract, Rank
from pgagents.report.formats import json as as_json
from pgagents.report.read import read
from pgagents.report.report import Finding, Report
from pgagents.verify.judgement import judge_broken
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import NOTES, Notes, answer, catalogue, verified, with_resource

FAILED = {"detail": "Internal server error"}
Odd = Callable[[Notes, Request], Response | None]


def find(report: Report, contract: str) -> Finding:
    """The finding that a contract is in."""
    return next(f for f in report.findings if contract in (f.contract.id, *f.also))


def crash_at(*calls: tuple[str, str], body: Any = FAILED) -> Odd:
    """Answer calls of these methods and paths with 500."""

    def odd(_: Notes, request: Request) -> Response | None:
        return answer(500, body) if (request.method, request.path) in calls else None

    return odd


def test_a_crash_of_an_action_is_not_that_of_an_odd_path() -> None:
    def before(_: Notes, request: Request) -> Response | None:
        return answer(500, FAILED) if "%00" in request.target else None

    server = Notes(odd=crash_at(("GET", "/notes")), before=before)
    report = verified(catalogue(), server, only=("no_crashes",))
    own, odd = (find(report, f"no_crashes/{at}@rest") for at in ("list_notes", "framework"))
    assert own is not odd
    assert own.exchanges[-1].request.path == "/notes"


def test_crashes_of_two_actions_are_two_findings_unless_they_name_one_exception() -> None:
    both = (("GET", "/notes"), ("POST", "/notes"))
    only = ("no_crashes/list_notes@rest", "no_crashes/create_note@rest")

    def count(body: Any) -> int:
        server = Notes(odd=crash_at(*both, body=body))
        return len(verified(with_resource(), server, allow_writes=True, only=only).findings)

    assert count(FAILED) == 2
    assert count({"error": "InternalServerError"}) == 2
    assert count({"detail": "DatabaseError: no connection"}) == 1


def test_one_crash_at_the_same_odd_call_of_every_action_is_one_finding() -> None:
    def before(_: Notes, request: Request) -> Response | None:
        return None if request.header("Authorization") else answer(500, FAILED)

    report = verified(catalogue(), Notes(before=before), only=("no_crashes", "key_authentication"))
    crashed = [f for f in report.findings if f.contract.check == "no_crashes"]
    assert len(crashed) == 1
    assert {"no_crashes/list_notes@rest", "no_crashes/get_note@rest"} <= {
        crashed[0].contract.id,
        *crashed[0].also,
    }


def undocumented(messages: dict[str, str]) -> Report:
    """A run of a server that answers an ordinary call of these paths with 400 and the message."""

    def odd(_: Notes, request: Request) -> Response | None:
        said = messages.get(request.path) if request.method == "GET" else None
        return answer(400, {"detail": said}) if said else None

    server = Notes(odd=odd, notes={"n0": {"id": "n0", "text": "hello"}})
    return verified(catalogue(), server, only=("documented_status",))


def test_undocumented_errors_with_other_messages_are_several_findings() -> None:
    every = {"/notes": "no query in the request", "/notes/x": "bad selection 'x'"}
    assert len(undocumented(every).findings) == 2
    assert len(undocumented(dict.fromkeys(every, "no query in the request")).findings) == 1


def test_the_id_in_a_message_is_no_other_cause() -> None:
    said = {"/notes": "note 8f14e45f-ceea is locked", "/notes/x": "note b1946ac9-2492 is locked"}
    assert len(undocumented(said).findings) == 1
    assert len(undocumented({**said, "/notes": "book 8f14e45f-ceea is locked"}).findings) == 2


def test_a_404_of_an_id_is_one_finding_whatever_its_message_and_that_of_a_list_is_another() -> None:
    removed: set[str] = set()

    def before(server: Notes, request: Request) -> Response | None:
        id = request.path.removeprefix("/notes").strip("/")
        if request.method == "DELETE" and id in server.notes:
            removed.add(id)
            return None
        gone = id in removed and id not in server.notes
        lost = request.method == "GET" and not id and removed
        return (
            answer(404, {"detail": f"no {request.method} of {'one' if id else 'all'}"})
            if gone or lost
            else None
        )

    silent = with_resource(text=NOTES.replace("[NOT_FOUND, REFUSED]", "[REFUSED]"))
    report = verified(silent, Notes(before=before), only=("documented_status", "removals"), allow_writes=True)
    found = [find(report, f"documented_status/{at}@rest") for at in ("get_note", "delete_note", "list_notes")]
    assert found[0] is found[1]
    assert found[0] is not found[2]


def test_wrong_arguments_of_one_kind_are_one_finding_whichever_success_comes() -> None:
    def key(kind: str, outcome: str, *, null: bool = False) -> str:
        origin = ("actions", "search")
        one = Contract(f"invalid_input/{kind}/search@rest", "invalid_input", "search", "rest", "", origin, ())
        return cause_of(one, outcome, outcome, None, claim="", member="", null=null)

    assert key("null/text", "200") == key("null/name", "201")
    assert key("null/text", "200") != key("type/text", "200")
    assert key("null/text", "200") == key("type/text", "200", null=True)  # a generated call may have a null
    assert key("null/text", "200") != key("null/text", "503")


def test_wrong_arguments_of_other_kinds_are_several_findings() -> None:
    def odd(server: Notes, request: Request) -> Response | None:
        new = f"n{len(server.log)}"
        return server.make(new, server.text(request) or "hello") if request.method == "POST" else None

    report = verified(with_resource(), Notes(odd=odd), allow_writes=True, only=("invalid_input",))
    kinds = [f.contract.detail.partition("/")[0] for f in report.findings]
    assert len(kinds) == len(set(kinds)) > 1


def test_values_of_an_answer_are_no_other_cause_and_another_claim_is() -> None:
    """A list of each endpoint shows its own count: one bug, whatever the number."""

    def key(actual: str, **values: object) -> str:
        judgement = judge_broken("rate_limit_headers/list@rest", "it falls", actual, **values)
        one = Contract(judgement.contract, "rate_limit_headers", "list", "rest", "", ("actions",), ())
        assert "{" not in judgement.actual
        return cause_of(one, "200", judgement.actual, None, claim=judgement.claim, member="")

    fell = "remaining fell from {had} to {remaining}"
    assert key(fell, had=9, remaining=3) == key(fell, had=5, remaining=1)
    assert key(fell, had=9, remaining=3) != key("remaining {remaining}", remaining=3)


def test_a_name_with_braces_stays_in_the_sentence_as_it_is() -> None:
    """Names come from documents and answers, and may be anything."""
    judgement = judge_broken("law/list@rest", "", "{0} or {name!x} of {a} is {value!r}", value="x{a}")
    assert judgement.actual == "{0} or {name!x} of {a} is 'x{a}'"


def test_media_types_that_differ_are_several_findings() -> None:
    def count(list_type: str, note_type: str) -> int:
        def odd(_: Notes, request: Request) -> Response | None:
            if request.method != "GET":
                return None
            one = request.path == "/notes"
            body = {"notes": []} if one else {"id": "x", "text": "hello"}
            return Response(
                200, (("Content-Type", list_type if one else note_type),), json.dumps(body).encode()
            )

        return len(verified(catalogue(), Notes(odd=odd), only=("content_type",)).findings)

    assert count("text/html; charset=utf-8", "text/plain") == 2
    assert count("text/html; charset=utf-8", "text/html") == 1


def test_each_further_contract_of_a_finding_has_its_own_curl_line(tmp_path: Path) -> None:
    def before(_: Notes, request: Request) -> Response | None:
        return None if request.header("Authorization") else answer(500, FAILED)

    model = catalogue()
    report = verified(model, Notes(before=before), only=("no_crashes", "key_authentication"))
    found = json.loads(as_json.render(report, model.source))["findings"]
    crash = next(f for f in found if f["check"] == "no_crashes")
    assert set(crash["also_curl"]) == {"no_crashes/get_note@rest"}
    assert " http://127.0.0.1:1/notes/" in crash["also_curl"]["no_crashes/get_note@rest"]
    path = tmp_path / "found.json"
    path.write_bytes(as_json.render(report, model.source))
    assert as_json.render(*read(path)) == path.read_bytes()


# -- one fact of an answer that several checks tell


MAXIMUM = ("text: {type: string}}", "text: {type: string, maxLength: 40}}")
"""A change after which answers promise what calls do."""


def lax(shown: Callable[[str], str] = str) -> Odd:
    """Take texts of any length. `shown` is the text of a note as answers show it."""

    def odd(server: Notes, request: Request) -> Response | None:
        sent = json.loads(request.body) if request.method == "POST" and request.body[:1] == b"{" else None
        text = sent.get("text") if isinstance(sent, dict) else None
        if not isinstance(text, str) or len(text) <= 40:
            return None
        return server.make(f"long{len(server.log)}", shown(text))

    return odd


def test_a_wrong_argument_that_is_taken_and_shown_again_is_one_finding() -> None:
    checks = ("invalid_input/maxLength", "response_schema")
    report = verified(with_resource(MAXIMUM), Notes(odd=lax()), allow_writes=True, only=checks)
    found = find(report, "invalid_input/maxLength/text/create_note@rest")
    assert found is find(report, "response_schema/201/create_note@rest")
    assert len(report.findings) == 1
    assert (found.contract.check, found.rank) == ("invalid_input", Rank.LAX)


def test_another_wrong_value_of_that_member_is_a_finding_of_its_own() -> None:
    """The server takes long texts, and writes all notes twice as long in its list."""

    def odd(server: Notes, request: Request) -> Response | None:
        if (request.method, request.path) == ("GET", "/notes"):
            return answer(200, {"notes": [{"id": "old", "text": "twice " * 10}]})
        return lax()(server, request)

    checks = ("invalid_input/maxLength", "response_schema")
    report = verified(with_resource(MAXIMUM), Notes(odd=odd), allow_writes=True, only=checks)
    taken = find(report, "invalid_input/maxLength/text/create_note@rest")
    assert taken is find(report, "response_schema/201/create_note@rest")
    assert taken is not find(report, "response_schema/200/list_notes@rest")


def takes_null(server: Notes, request: Request) -> Response | None:
    """Take null for a tag, and keep it."""
    sent = json.loads(request.body) if request.body[:1] == b"{" else None
    if request.method not in ("POST", "PUT") or not server.text(request):
        return None
    if "tag" not in sent or sent["tag"] is not None:
        return None
    id = request.path.removeprefix("/notes").strip("/")
    if id and id not in server.notes:
        return answer(404, {"detail": "no such note"})
    new = id or f"null{len(server.log)}"
    server.notes[new] = {"id": new, "text": sent["text"], "tag": None}
    return answer(200 if id else 201, server.notes[new])


def tagged(odd: Odd) -> Report:
    """A run of a server whose notes can have a tag."""
    shown = ("text: {type: string}}", "text: {type: string}, tag: {type: string}}")
    sent = [(old, new.replace("NAMED", "tag: {type: string, maxLength: 40}")) for old, new in NAMED]
    checks = ("invalid_input/null", "invalid_input/type", "no_effect_of_refusals", "response_schema")
    return verified(with_resource(shown, *sent), Notes(odd=odd), allow_writes=True, only=checks)


NAMED = [
    ("input: {text: {type: string, minLength: 1,", "input: {NAMED, text: {type: string, minLength: 1,"),
    (
        "    http: PUT /notes/{note_id}\n    effect: write\n    input:\n",
        "    http: PUT /notes/{note_id}\n    effect: write\n    input:\n      NAMED\n",
    ),
]
"""Changes after which notes are made and changed with one more argument."""


def test_a_null_that_is_taken_and_shown_in_a_list_is_one_finding() -> None:
    report = tagged(takes_null)
    taken = find(report, "invalid_input/null/tag/create_note@rest")
    assert taken is find(report, "response_schema/201/create_note@rest")
    assert taken is find(report, "response_schema/200/list_notes@rest")
    assert taken is find(report, "response_schema/200/change_note@rest")


def test_a_null_of_a_thing_that_no_wrong_call_made_is_a_finding_of_its_own() -> None:
    def odd(server: Notes, request: Request) -> Response | None:
        if (request.method, request.path) == ("GET", "/notes"):
            return answer(200, {"notes": [{"id": "old", "text": "hello", "tag": None}]})
        return takes_null(server, request)

    report = tagged(odd)
    taken = find(report, "invalid_input/null/tag/create_note@rest")
    assert taken is find(report, "response_schema/201/create_note@rest")
    assert taken is not find(report, "response_schema/200/list_notes@rest")


def page(status: int) -> Response:
    """A page for people."""
    return Response(status, (("Content-Type", "text/html; charset=utf-8"),), b"<h1>It is gone</h1>")


def test_a_page_where_json_is_promised_is_one_finding_with_its_content_type() -> None:
    def odd(server: Notes, request: Request) -> Response | None:
        id = request.path.removeprefix("/notes").strip("/")
        if request.method == "GET" and not id:
            return page(200)
        return page(404) if request.method == "GET" and id not in server.notes else None

    checks = ("content_type", "error_envelope", "response_schema")
    report = verified(with_resource(), Notes(odd=odd), allow_writes=True, only=checks)
    gone, listed = (
        find(report, f"content_type/{at}_note{end}@rest") for at, end in (("get", ""), ("list", "s"))
    )
    assert gone is find(report, "error_envelope/get_note@rest")
    assert listed is find(report, "response_schema/200/list_notes@rest")
    assert gone is not listed  # other handlers answer success and error


def test_half_a_json_under_the_right_type_is_not_that_of_a_page() -> None:
    def odd(_: Notes, request: Request) -> Response | None:
        if request.method != "GET":
            return None
        half = Response(200, (("Content-Type", "application/json"),), b'{"notes": [')
        return half if request.path == "/notes" else page(200)

    server = Notes(odd=odd, notes={"x": {"id": "x", "text": "hello"}})
    report = verified(catalogue(), server, only=("content_type", "response_schema"))
    half, whole = (find(report, f"response_schema/200/{at}@rest") for at in ("list_notes", "get_note"))
    assert half is not whole
    assert whole is find(report, "content_type/get_note@rest")


def test_an_odd_break_follows_a_firm_one_of_its_cause() -> None:
    """Only one action says of itself that its key is needed; that of the other is inferred."""
    ledger = Ledger.of(contracts := [one_of("list"), one_of("find")])
    for number, contract in enumerate(contracts, 1):
        ledger.add(judge_broken(contract.id, "json", "Content-Type: text/html"), [seen(number)], None, None)
    odd = ledger.entries[contracts[0].id].broken
    assert odd is not None
    odd.odd = True
    (found,) = ledger.findings()
    assert (found.contract.id, found.also, found.severity) == (contracts[1].id, (contracts[0].id,), "error")


def one_of(action: str) -> Contract:
    """A contract of an action."""
    return Contract(
        f"content_type/{action}@rest", "content_type", action, "rest", "", ("actions", action), ()
    )


def seen(number: int) -> Exchange:
    """An exchange with a page for people."""
    return Exchange(
        number,
        Call(None, {}, "valid", "an ordinary call"),
        {},
        Request("GET", "/notes"),
        page(200),
        seconds=0.0,
        sent_at=0.0,
        codes={},
        errors=ErrorReader({}, "error.code"),
        limits=catalogue().limit_reader,
    )


def test_refusals_of_right_calls_for_other_reasons_are_several_findings() -> None:
    """Reading refuses every id, and writing texts of forty characters."""

    def odd(server: Notes, request: Request) -> Response | None:
        if request.method == "GET" and request.path != "/notes":
            return answer(422, {"detail": "the id is not a number"})
        text = server.text(request) if request.method == "POST" else None
        return answer(422, {"detail": "the text is too long"}) if text and len(text) == 40 else None

    report = verified(with_resource(), Notes(odd=odd), allow_writes=True, only=("valid_calls",))
    read, written = (
        find(report, f"valid_calls/{at}@rest") for at in ("ordinary/get_note", "high/create_note")
    )
    assert read is not written


def test_an_ordinary_call_and_an_extreme_one_that_are_refused_alike_are_two_findings() -> None:
    def odd(server: Notes, request: Request) -> Response | None:
        refused = answer(422, {"detail": "no"})
        if request.method == "GET" and request.path != "/notes":
            return refused
        text = server.text(request) if request.method == "POST" else None
        return refused if text and len(text) == 40 else None

    report = verified(with_resource(), Notes(odd=odd), allow_writes=True, only=("valid_calls",))
    read, written = (
        find(report, f"valid_calls/{at}@rest") for at in ("ordinary/get_note", "high/create_note")
    )
    assert read is not written


def test_one_header_that_crashes_every_action_is_one_finding() -> None:
    """The header is optional, and a body that crashes one action is another cause."""
    header = "tag: {type: string, enum: [a, b], in: header, wire: X-Tag}"
    changes = [
        (
            "http: GET /notes\n    effect: read\n",
            f"http: GET /notes\n    effect: read\n    input: {{{header}}}\n",
        ),
        (
            "input: {text: {type: string, minLength: 1,",
            f"input: {{{header}, text: {{type: string, minLength: 1,",
        ),
    ]

    def odd(server: Notes, request: Request) -> Response | None:
        tagged = request.header("X-Tag") == "b"
        long = request.method == "PUT" and len(server.text(request) or "") == 40
        return answer(500, FAILED) if tagged or long else None

    report = verified(
        with_resource(*changes), Notes(odd=odd), allow_writes=True, only=("no_crashes", "valid_calls")
    )
    listed, made, changed = (
        find(report, f"no_crashes/{at}@rest") for at in ("list_notes", "create_note", "change_note")
    )
    assert listed is made
    assert changed is not made


def crashing(made: int, changed: int) -> Report:
    """A run of a server that crashes if a note of the one size is made, or gets the other."""
    size = "size: {type: integer, minimum: 1, maximum: 9}"
    changes = [(old, new.replace("NAMED", size)) for old, new in NAMED]

    def odd(_: Notes, request: Request) -> Response | None:
        sent = json.loads(request.body) if request.body[:1] == b"{" else None
        crashes = {"POST": made, "PUT": changed}.get(request.method)
        return (
            answer(500, FAILED)
            if crashes and isinstance(sent, dict) and sent.get("size") == crashes
            else None
        )

    only = ("no_crashes", "valid_calls")
    return verified(with_resource(*changes), Notes(odd=odd), allow_writes=True, only=only)


def test_one_value_that_crashes_the_create_and_the_change_of_a_thing_is_one_finding() -> None:
    report = crashing(9, 9)
    found = find(report, "no_crashes/create_note@rest")
    assert found is find(report, "no_crashes/change_note@rest")
    assert found.when == "size is 9"


def test_other_values_that_crash_the_create_and_the_change_are_two_findings() -> None:
    report = crashing(9, 1)
    assert find(report, "no_crashes/create_note@rest") is not find(report, "no_crashes/change_note@rest")
