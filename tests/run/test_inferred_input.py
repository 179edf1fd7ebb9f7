"""A value that comes from an inferred part can only give *odd*, whichever check judges what came of it."""

from __future__ import annotations

import ast
from base64 import urlsafe_b64encode
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

import pgagents
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Contract, Verdict
from pgagents.report.report import Report
from pgagents.verify.check_registry import collect, collect_of_tools
from pgagents.verify.judgement import Judgement
from pgagents.verify.run.ledger import Calls, Ledger, find_guesses
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call, Intent
from pgagents.verify.wire.exchange import Exchange
from small_api import URL, Notes, answer, verified, with_resource

PAGE = 3
LISTED = "{notes: {type: array, items: {$ref: Note}}}, required: [notes]"
PAGED = (
    "{notes: {type: array, items: {$ref: Note}}, next: {type: [string, 'null']}, more: {type: boolean}}, "
    "required: [notes, next, more]"
)
PAGES = """
    input:
      limit: {type: integer, minimum: 1, maximum: 3, default: 3}
      after: {type: string, minLength: 1, maxLength: 40}
    pages:
      inferred: INFERRED
      items: response.notes
      next: NEXT
      argument: after
      more: response.more
      size: limit
    errors: [REFUSED]
"""
WRONG, RIGHT = '"response.notes[-1].id"', "response.next"
OF_ANY_INPUT = {
    "content_type", "deprecation", "documented_status", "error_envelope", "law", "no_crashes", "no_leaks",
    "request_id", "response_headers", "response_schema",
}  # fmt: skip
"""The checks that judge an answer whatever the call sent. Any other one builds on what was sent."""


@cache
def paged(following: str, inferred: str = "true") -> Model:
    """Return the catalogue of notes whose list has pages, by a right or a wrong expression."""
    pages = PAGES.replace("INFERRED", inferred).replace("NEXT", following).strip("\n")
    listing = ("    http: GET /notes\n", f"    http: GET /notes\n{pages}\n")
    return with_resource(listing, (LISTED, PAGED), ("prefixes: {test_: test}", "prefixes: {test_: live}"))


def token(id: str) -> str:
    """Return the cursor that leads behind a note."""
    return urlsafe_b64encode(id.encode()).decode()


def by_pages(server: Notes, request: Request) -> Response | None:
    """Answer a page of the list; refuse what is not a cursor of this server."""
    if request.method != "GET" or request.path != "/notes":
        return None
    given = {
        name: values[0]
        for name, values in parse_qs(request.target.partition("?")[2], keep_blank_values=True).items()
    }
    known = {token(id): number for number, id in enumerate(server.notes, 1)}
    limit = given.get("limit", str(PAGE))
    if given.get("after") not in {None, *known} or not limit.isdecimal() or not 1 <= int(limit) <= PAGE:
        return answer(422, {"detail": "no cursor of ours"})
    start = known.get(given.get("after", ""), 0)
    page = list(server.notes.values())[start : start + int(limit)]
    more = start + len(page) < len(server.notes)
    return answer(200, {"notes": page, "next": token(page[-1]["id"]) if more else None, "more": more})


def run(model: Model, odd: Any = by_pages, **options: Any) -> Report:
    """Read a server that has eight notes."""
    server = Notes(odd=odd)
    server.notes = {f"n{n}": {"id": f"n{n}", "text": f"note {n}"} for n in range(1, 9)}
    return verified(model, server, **options)


def list_ids(report: Report, verdict: Verdict) -> list[str]:
    """Return the ids of the contracts with a verdict."""
    return [r.contract.id for r in report.results if r.verdict is verdict]


def test_a_wrong_guess_of_the_next_page_breaks_nothing() -> None:
    report = run(paged(WRONG))
    assert list_ids(report, Verdict.BROKEN) == []
    assert {id.partition("/")[0] for id in list_ids(report, Verdict.ODD)} >= {"honours_manifest"}
    assert report.exit_code == 0


def test_an_authors_wrong_page_is_broken_and_a_right_one_is_kept() -> None:
    assert "honours_manifest/accepts/list_notes@rest" in list_ids(run(paged(WRONG, "false")), Verdict.BROKEN)
    right = run(paged(RIGHT, "false"))
    assert (list_ids(right, Verdict.BROKEN), list_ids(right, Verdict.ODD)) == ([], [])


def test_what_is_wrong_on_a_guessed_page_whatever_was_sent_is_found() -> None:
    def crash_behind(server: Notes, request: Request) -> Response | None:
        if request.path == "/notes" and "after=" in request.target:
            return Response(500, (("Content-Type", "application/json"),), b'{"detail": "boom"}')
        return by_pages(server, request)

    assert "no_crashes/list_notes@rest" in list_ids(run(paged(RIGHT), crash_behind), Verdict.BROKEN)

    def lacks_text(server: Notes, request: Request) -> Response | None:
        found = by_pages(server, request)
        if found is None or found.status != 200 or "after=" not in request.target:
            return found
        return replace(found, body=found.body.replace(b'"text"', b'"txt"'))

    assert "response_schema/200/list_notes@rest" in list_ids(run(paged(RIGHT), lacks_text), Verdict.BROKEN)


CHECKS = {**collect(), **collect_of_tools()}


def judge_by(check: str, status: int, given: dict[str, Any], intent: Intent = "valid") -> Verdict:
    """Return the verdict on a contract that a check finds broken by one answer to a read of a page."""
    model = paged(WRONG)
    endpoint = setting_of(model, URL).by_place["list_notes@rest"]
    contract = Contract(
        f"{check}/x/list_notes@rest", check, "list_notes", "rest", "so", ("actions", "list_notes")
    )
    ledger = Ledger.of([contract], find_guesses(model, CHECKS))
    exchange = Exchange(
        1, Call(endpoint, given, intent, ""), given, Request("GET", "/notes"), answer(status, {}),
        seconds=0.0, sent_at=0.0, codes=model.codes, errors=model.error_reader, limits=model.limit_reader,
    )  # fmt: skip
    ledger.add(
        Judgement(contract.id, Verdict.BROKEN, "one thing", "another"), [exchange], exchange.call, None
    )
    return ledger.results(Calls(frozenset({"list_notes@rest"})), "")[0].verdict


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_of_every_check_a_verdict_on_inferred_input_is_odd(check: str) -> None:
    expected = Verdict.BROKEN if check in OF_ANY_INPUT else Verdict.ODD
    assert judge_by(check, 422, {"after": "n3"}) is expected
    assert judge_by(check, 200, {"after": "n3"}) is expected
    assert judge_by(check, 200, {}) is Verdict.BROKEN
    assert judge_by(check, 200, {"limit": 2}) is Verdict.BROKEN
    assert judge_by(check, 200, {"after": "x" * 41}, "invalid") is Verdict.BROKEN, "the value is not a guess"


def test_no_verdict_is_entered_past_the_ledger() -> None:
    """A new check cannot forget the rule, because one place makes breaks, and asks for guesses there."""
    makers = {
        path.relative_to(Path(pgagents.__file__).parent).as_posix()
        for path in Path(pgagents.__file__).parent.rglob("verify/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Break"
    }
    assert makers == {"verify/run/ledger.py"}
