"""Each finding has a rank: what its check says, or what the answer shows; what no client sends is odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgagents.base.http import Request, Response
from pgagents.cli.inputs.verification import CommandLine
from pgagents.cli.verify import command as verify_command
from pgagents.report.contract import Contract, Rank, Verdict, find_worst
from pgagents.report.curl import of_finding
from pgagents.report.formats import json as as_json
from pgagents.report.read import read
from pgagents.report.report import Finding
from pgagents.verify.check_registry import collect, collect_of_tools
from pgagents.verify.judgement import judge_broken, judge_refused
from pgagents.verify.run.ledger import Calls, Ledger, find_guesses
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import NOTES, URL, Notes, answer, catalogue, verified

ORDER = ["exposed", "crash", "wrong", "undocumented", "lax", "documented", "coerced", "odd"]


def test_ranks_are_in_order_the_worst_first() -> None:
    assert [rank.value for rank in Rank] == ORDER
    assert find_worst([Rank.LAX, Rank.CRASH, Rank.ODD]) is Rank.CRASH
    assert Rank.WRONG.is_at_least(Rank.LAX)
    assert not Rank.ODD.is_at_least(Rank.LAX)


@pytest.mark.parametrize("name", sorted({**collect(), **collect_of_tools()}))
def test_every_check_says_how_bad_its_breaks_are(name: str) -> None:
    rank = {**collect(), **collect_of_tools()}[name].rank
    assert rank in Rank
    assert rank is not Rank.ODD, "a recommendation is the contract's `advice`, not a rank"


def open_to_all(server: Notes, request: Request) -> Response | None:
    """List the notes without a key."""
    if request.path == "/notes" and request.method == "GET":
        return answer(200, {"notes": list(server.notes.values())})
    return None


def test_a_key_that_is_not_needed_is_exposed() -> None:
    contract = "key_authentication/none/list_notes@rest"
    report = verified(catalogue(), Notes(before=open_to_all), only=(contract,))
    assert [f.rank for f in report.findings] == [Rank.EXPOSED]


def open_without_scheme(server: Notes, request: Request) -> Response | None:
    """List the notes to whoever has the key, also without `Bearer` before it."""
    key = request.header("Authorization") or ""
    if request.path == "/notes" and request.method == "GET" and key and " " not in key:
        return answer(200, {"notes": list(server.notes.values())})
    return None


def test_the_right_key_in_another_form_is_only_lax() -> None:
    contract = "key_authentication/bare/list_notes@rest"
    report = verified(catalogue(), Notes(before=open_without_scheme), only=(contract,))
    assert [f.rank for f in report.findings] == [Rank.LAX]


def test_another_refusal_than_the_promised_one_is_only_undocumented() -> None:
    model = catalogue()
    call = Call(setting_of(model, URL).by_place["list_notes@rest"], {}, "auth", "a call without a key")
    for status, rank in ((404, Rank.UNDOCUMENTED), (200, None)):
        exchange = Exchange(
            1, call, {}, Request("GET", "/notes"), answer(status, {}), seconds=0.0, sent_at=0.0,
            codes=model.codes, errors=model.error_reader, limits=model.limit_reader,
        )  # fmt: skip
        (judgement,) = judge_refused(
            exchange, "key_authentication/x", [model.codes["UNAUTHORIZED"]], "it", ()
        )
        assert (judgement.verdict, judgement.rank) == (Verdict.BROKEN, rank)


def test_ranks_survive_the_json_report(tmp_path: Path) -> None:
    report = verified(
        catalogue(), Notes(before=open_to_all), only=("key_authentication/none/list_notes@rest",)
    )
    path = tmp_path / "report.json"
    path.write_bytes(as_json.render(report, catalogue().source))
    assert [f.rank for f in read(path)[0].findings] == [f.rank for f in report.findings]


def judge(ranks: list[Rank | None]) -> Finding:
    """Return the finding of one contract that is broken by a judgement of each rank, in turn."""
    contract = Contract("law/x@rest", "law", "", "rest", "it holds", ("laws", "x"))
    model = catalogue()
    ledger = Ledger.of([contract], find_guesses(model), checks=collect())
    for number, rank in enumerate(ranks):
        ledger.add(replace(judge_broken(contract.id, "right", f"wrong {number}"), rank=rank), (), None, None)
    assert ledger.results(Calls(), "")[0].verdict in (Verdict.BROKEN, Verdict.ODD)
    return ledger.findings()[0]


def test_what_no_client_sends_is_odd_and_hides_no_other_break() -> None:
    assert judge([Rank.ODD]).rank is Rank.ODD
    finding = judge([Rank.ODD, None])
    assert (finding.rank, finding.actual) == (Rank.WRONG, "wrong 1")
    assert judge([None, Rank.ODD]).actual == "wrong 0"
    assert judge([Rank.LAX, None]).rank is Rank.LAX, "the first one of the plan is shown"


@pytest.mark.parametrize(
    ("words", "mildest", "counts_untried"),
    [
        ([], Rank.LAX, False),
        (["--fail-on", "crash"], Rank.CRASH, False),
        (["--fail-on", "not-tried"], Rank.LAX, True),
        (["--fail-on", "odd", "--fail-on", "not-tried"], Rank.ODD, True),
    ],
)
def test_the_command_line_names_the_mildest_rank_that_fails(
    words: list[str], mildest: Rank, counts_untried: bool
) -> None:
    context = verify_command.make_context("verify", ["--url", URL, *words])
    line = CommandLine.read(context.params)
    assert line.extent.find_mildest() is mildest
    assert line.extent.counts_untried is counts_untried


def crash_always(server: Notes, request: Request) -> Response | None:
    """Crash at each list."""
    del server
    return answer(500, {"detail": "boom"}) if (request.method, request.path) == ("GET", "/notes") else None


def crash_for_browsers(server: Notes, request: Request) -> Response | None:
    """Crash at a list for a browser alone."""
    return crash_always(server, request) if "Mozilla" in (request.header("User-Agent") or "") else None


@pytest.mark.parametrize(("odd", "plain"), [(crash_always, True), (crash_for_browsers, False)])
def test_a_curl_line_has_the_headers_of_some_clients_only_if_the_finding_needs_them(
    odd: Callable[[Notes, Request], Response | None], plain: bool
) -> None:
    only = ("no_crashes/list_notes@rest", "valid_calls/")
    reports = (verified(catalogue(), Notes(odd=odd), only=only, seed=seed) for seed in range(20))
    crashes = (f for report in reports for f in report.findings if f.contract.check == "no_crashes")
    found = next(f for f in crashes if "Mozilla" in (f.exchanges[-1].request.header("User-Agent") or ""))
    assert (found.plain, found.stable) == (plain, True)
    assert ("User-Agent" in of_finding(found, URL)) is not plain


@pytest.mark.parametrize("key", ["nk_test_1", "nk_test_12", "k1"])
def test_a_short_key_that_is_nearly_its_prefix_is_a_variable_in_a_curl_line(key: str) -> None:
    prefixes = "prefixes: {test_: test}"
    scheme = "prefixes: {nk_test_: test}, type: api_key, in: header, name: X-Api-Key"
    server = Notes(odd=crash_always, key=lambda request: request.header("X-Api-Key") == key)
    only = ("no_crashes/list_notes",)
    report = verified(catalogue(NOTES, (prefixes, scheme)), server, keys={"main": key}, only=only)
    (line,) = (of_finding(finding, URL) for finding in report.findings)
    assert line.endswith('-H "X-Api-Key: $PGAGENTS_TOKEN"')
