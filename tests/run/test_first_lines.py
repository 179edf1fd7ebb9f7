"""Each finding is told on stderr, in one line, while the run goes on; the report on stdout comes after it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from calling import served
from pgagents.base.http import Request, Response, Silence
from pgagents.base.places import Source, Span
from pgagents.base.reading import parse
from pgagents.catalogue.model.answers import ErrorReader
from pgagents.cli.running.progress import IN_REPORT, LONGEST, MOST, FirstLines
from pgagents.report.baseline import Line
from pgagents.report.contract import Contract, Rank
from pgagents.report.curl import NO_REQUEST
from pgagents.report.report import Finding, RecordedExchange
from pgagents.verify.judgement import judge_broken
from pgagents.verify.run.course import NewFindings
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import Cause, Entry, Ledger
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import KEY, catalogue
from test_verify_openapi import DOCUMENT, GET_LINE, Counting

PGAGENTS = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
WAIT_S = 30.0


class Holding:
    """A server with a wrong list. From the twentieth call on it waits until it may go on."""

    def __init__(self) -> None:
        self.server, self.may_go_on = Counting(right=False), threading.Event()
        self.calls = 0

    def __call__(self, request: Request) -> Response | Silence:
        self.calls += 1
        if self.calls >= 20:
            self.may_go_on.wait(WAIT_S)
        return self.server(request)


def test_a_finding_is_told_while_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").write_text(DOCUMENT, encoding="utf-8")
    server = Holding()
    environment = {**os.environ, "PGAGENTS_TOKEN": KEY, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with served(server) as url:
        words = [*PGAGENTS, "verify", "--openapi", "notes.yaml", "--url", url]
        child = subprocess.Popen(
            words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert child.stderr is not None
        line = child.stderr.readline()
        calls = server.calls
        server.may_go_on.set()
        out, err = child.communicate(timeout=WAIT_S)
    wrong = "undocumented[response_schema/200/list_notes@rest] GET /notes: "
    assert line.startswith(wrong), line + err
    assert f" (notes.yaml:{GET_LINE}); curl -sS -i {url}/notes" in line
    assert server.calls > calls
    assert KEY not in line + err
    assert wrong not in out
    assert "1 of 1  UNDOCUMENTED  GET /notes: " in out


def test_a_right_server_has_no_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.yaml").write_text(DOCUMENT, encoding="utf-8")
    with served(Counting(right=True)) as url:
        words = [*PGAGENTS, "verify", "--openapi", "notes.yaml", "--url", url]
        environment = {**os.environ, "PGAGENTS_TOKEN": KEY, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        subprocess.run(words, cwd=tmp_path, env=environment, check=False)
    assert "undocumented[" not in capfd.readouterr().err


def finding(contract: str, actual: str, target: str = "/notes") -> Finding:
    exchange = RecordedExchange(
        1, Request("GET", target, (), b""), Response(200, (), b""), 0.01, "a call", "", "list_notes", "rest"
    )
    promise = Contract(contract, contract.partition("/")[0], "list_notes", "rest", "it is right.", ())
    return Finding(promise, Rank.WRONG, "right", actual, (exchange,))


def source() -> Source:
    return parse("a: 1\n", "c.yaml")


def test_a_line_has_no_command_and_no_control_character() -> None:
    tell = FirstLines(source(), "http://127.0.0.1")
    said = "\n".join(tell([finding("law/a/list_notes@rest", "one\n::error::two \x1b[2J ##[error]three")]))
    assert "\n" not in said
    assert "\x1b" not in said
    assert "##[" not in said


def test_a_long_call_is_only_in_the_report() -> None:
    tell = FirstLines(source(), "http://127.0.0.1")
    assert next(tell([finding("law/a/list_notes@rest", "wrong", "/" + "xy" * LONGEST)])).endswith(IN_REPORT)
    assert "; curl -sS" in next(tell([finding("law/b/list_notes@rest", "wrong")]))


def test_a_call_that_is_long_by_its_headers_is_told_without_them() -> None:
    one = finding("documented_status/list_notes@rest", "wrong")
    agent = "a client with a long name " * 20
    sent = one.exchanges[0].request.with_header("User-Agent", agent)
    (line,) = FirstLines(source(), "http://127.0.0.1")(
        [replace(one, exchanges=(replace(one.exchanges[0], request=sent),))]
    )
    assert line.endswith("; curl -sS -i http://127.0.0.1/notes")


def test_a_finding_without_a_request_says_why_it_has_no_call() -> None:
    one = replace(finding("tool_words/name/a@mcp", "wrong"), exchanges=())
    (line,) = FirstLines(source(), "http://127.0.0.1")([one])
    assert line.endswith(f"; {NO_REQUEST}")


def test_accepted_findings_are_not_told() -> None:
    accepted = Line("law/a", "known", date(9999, 1, 1), Span("b.yaml", 1, 1))
    outdated = Line("law/b", "known", date(2000, 1, 1), Span("b.yaml", 2, 1))
    tell = FirstLines(source(), "http://127.0.0.1", (accepted, outdated))
    told = list(tell([finding(f"law/{name}/list_notes@rest", "wrong") for name in "abc"]))
    assert [line.partition("/")[2][0] for line in told] == ["b", "c"]


def make_judged(
    actions: Sequence[str], accepted: tuple[str, ...]
) -> tuple[list[Callable[[], object]], NewFindings]:
    """Return functions that break a contract of each action, and what tells their findings."""
    promises = [
        Contract(f"content_type/{n}@rest", "content_type", n, "rest", "it is right", ()) for n in actions
    ]
    ledger = Ledger.of(promises)
    call = Call(None, {}, "valid", "a list")
    seen = Exchange(
        1,
        call,
        {},
        Request("GET", "/notes"),
        Response(200),
        seconds=0.0,
        sent_at=0.0,
        codes={},
        errors=ErrorReader({}, "error.code"),
        limits=catalogue().limit_reader,
    )
    driver = SimpleNamespace(
        judge=SimpleNamespace(ledger=ledger),
        acceptance=SimpleNamespace(is_settled=True),
        redactor=SimpleNamespace(finding=lambda found: found),
    )
    breaking = [
        partial(ledger.add, judge_broken(one.id, "application/json", "text/html"), [seen], None, None)
        for one in promises
    ]
    return list(breaking), NewFindings(cast(Driver, driver), accepted)


@pytest.mark.parametrize(
    ("accepted", "told"),
    [
        ((), ["content_type/list_notes@rest"]),
        (("content_type/list",), ["content_type/get_note@rest"]),
        (("content_type/list", "content_type/get_note@rest"), []),
    ],
)
def test_next_contract_of_a_cause_is_told_if_the_first_one_is_accepted(
    accepted: tuple[str, ...], told: list[str]
) -> None:
    promises, new = make_judged(("list_notes", "get_note"), accepted)
    found: list[Finding] = []
    for breaks in promises:  # the second one may break in a later step
        breaks()
        found += new.take()
    assert [one.contract.id for one in found] == told


def test_the_cause_of_a_break_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of many findings would otherwise ask for each one's cause whenever another one is found."""
    names = [f"read_{n}" for n in range(30)]
    promises, new = make_judged(names, ())
    asked, find = list[str](), Ledger.find_cause

    def count(ledger: Ledger, entry: Entry) -> Cause:
        asked.append(entry.contract.id)
        return find(ledger, entry)

    monkeypatch.setattr(Ledger, "find_cause", count)
    for breaks in promises:
        breaks()
        new.take()
    assert asked == [f"content_type/{name}@rest" for name in names]


def test_many_findings_end_with_one_sentence() -> None:
    tell = FirstLines(source(), "http://127.0.0.1")
    told = list(tell([finding(f"law/{n}/list_notes@rest", "wrong") for n in range(MOST + 5)]))
    assert len(told) == MOST + 1
    assert told[-1] == "further findings are in the report"


def test_a_line_about_json_has_the_pointer_of_the_promise() -> None:
    of_json = parse('{"paths": {"/notes": {"get": {}}}}', "openapi.json")
    one = finding("law/a/list_notes@rest", "wrong")
    (line,) = FirstLines(of_json, "http://127.0.0.1")(
        [replace(one, contract=replace(one.contract, origin=("paths", "/notes", "get")))]
    )
    assert line.startswith(
        "wrong[law/a/list_notes@rest] GET /notes: wrong; promised: right (openapi.json#/paths/~1notes/get); "
    )
