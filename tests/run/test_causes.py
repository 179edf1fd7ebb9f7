"""Broken contracts that are one finding, and those that are several, in runs of a small server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgagents.base.http import Request, Response
from pgagents.report.causes import cause_of
from pgagents.report.contract import Contract
from pgagents.report.formats import json as as_json
from pgagents.report.read import read
from pgagents.report.report import Finding, Report
from pgagents.verify.promise import judge_broken
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
    def key(kind: str, outcome: str) -> str:
        origin = ("actions", "search")
        one = Contract(f"invalid_input/{kind}/search@rest", "invalid_input", "search", "rest", "", origin, ())
        return cause_of(one, outcome, outcome, None)

    assert key("null/text", "200") == key("null/name", "201")
    assert key("null/text", "200") != key("type/text", "200")
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
        return cause_of(one, "200", judgement.actual, None, claim=judgement.claim)

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
