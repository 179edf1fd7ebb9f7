"""verify on a store's test cases: a server that keeps them, servers that break each kind, and legal ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from faults import of_mcp as mcp
from inprocess import ENOUGH, Inside, inside, mcp_inside, verify_sandbox
from offering import shop
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.listing import cases_of
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.report_files import render
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.report.verdicts import list_case_verdicts
from pgagents.verify.check_registry import collect
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.plan import all_contracts, draft, make_setting
from pgagents.verify.plan.selection import NO_WRITES
from pgagents.verify.run.run import plan
from pgagents.verify.wire.endpoint import NO_MCP
from pgagents.verify.wire.mcp_link import Link
from verifying import ROOT, model

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
Wrap = Callable[[Handler], Handler]


@contextmanager
def _through(of: Model, wrap: Wrap | None) -> Iterator[tuple[Inside, Link]]:
    """A sandbox with an MCP server in front of it, and what a test puts around that."""
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        if wrap is not None:
            link.handler = wrap(link.handler)
        yield opened, link


def _try(
    of: Model, wrap: Wrap | None = None, *, only: str = "listing_cases/", seed: int = 0, **more: Any
) -> Report:
    given = {"only": (only,), "max_requests": ENOUGH, "allow": ("place_hold",), "seed": seed, **more}
    with _through(of, wrap) as (opened, link):
        return verify_sandbox(of, opened, Options(**given), mcp=link)


def _verdicts(report: Report) -> dict[str, Verdict]:
    """The verdicts of the cases, by the case's name."""
    found = (r for r in report.results if r.contract.check == "listing_cases")
    return {r.contract.id.split("/")[2].partition("@")[0]: r.verdict for r in found}


def _broken(report: Report) -> dict[str, str]:
    """The answers that the findings name, by the case's name."""
    return {f.contract.id.split("/")[2].partition("@")[0]: f.actual for f in report.findings}


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(1, 20))]
)
@pytest.mark.parametrize("name", ["library", "shop"])
def test_right_server_keeps_every_case_and_nothing_is_left(name: str, seed: int) -> None:
    of = model(LIBRARY) if name == "library" else shop()
    report = _try(of, seed=seed)
    assert _verdicts(report) == {case.name: Verdict.KEPT for case in cases_of(of, "openai")}
    assert len(_verdicts(report)) == 8
    assert report.findings == ()
    assert report.footer.left_behind == ()


def test_each_case_begins_where_the_reviewer_does() -> None:
    """The hold of the first round is cancelled before the second, which would be refused otherwise."""
    met: list[tuple[str, dict[str, Any]]] = []

    def watch(handler: Handler) -> Handler:
        def answer(request: Request) -> Response | Silence:
            params = mcp.parse_request(request).get("params") or {}
            if "name" in params:
                met.append((params["name"], params["arguments"]))
            return handler(request)

        return answer

    report = _try(model(LIBRARY), watch, only="listing_cases/openai/hold_a_copy")
    assert _verdicts(report)["hold_a_copy"] is Verdict.KEPT
    first, second = met[:3], met[-3:]
    assert [name for name, _ in first] == ["list_titles", "place_hold", "list_holds"]
    assert first == second
    assert first[1][1] == {"title_id": 2, "patron_id": 1, "hours": 24}
    assert len(met) >= 6


def test_what_would_touch_the_data_of_others_needs_leave() -> None:
    report = _try(model(LIBRARY), allow=())
    assert {n for n, v in _verdicts(report).items() if v is not Verdict.KEPT} == {"hold_a_copy"}
    told = {one.case.name: one for one in list_case_verdicts(model(LIBRARY), "openai", report)}
    assert not told["hold_a_copy"].proved
    assert "--allow place_hold" in told["hold_a_copy"].reason
    assert told["one_title"].proved
    assert told["one_title"].reason == ""


def test_case_that_needs_leave_is_not_selected_and_the_run_does_not_fail_by_it() -> None:
    report = _try(model(LIBRARY), allow=())
    assert _verdicts(report)["hold_a_copy"] is Verdict.NOT_SELECTED
    (result,) = (r for r in report.results if r.contract.id == "listing_cases/openai/hold_a_copy@mcp")
    assert result.reason.endswith("--allow place_hold would call it")
    assert report.exit_code == 0


def test_case_that_no_flag_lets_pass_stays_untested() -> None:
    def mute(handler: Handler) -> Handler:
        def answer(request: Request) -> Response | Silence:
            params = mcp.parse_request(request).get("params") or {}
            return Silence("cut off") if params.get("name") == "place_hold" else handler(request)

        return answer

    report = _try(model(LIBRARY), mute)
    assert _verdicts(report)["hold_a_copy"] in (Verdict.UNTESTED, Verdict.BROKEN)
    assert report.exit_code != 0


def test_without_an_mcp_server_no_case_is_selected() -> None:
    of = model(LIBRARY)
    report = verify_sandbox(of, inside(of), Options(only=("listing_cases/",)))
    assert {r.reason for r in report.results if r.contract.check == "listing_cases"} == {NO_MCP}


@pytest.mark.matrix
def test_case_that_writes_is_not_selected_where_the_run_may_only_read() -> None:
    link = Link(lambda _: Silence("refused"), url="http://127.0.0.1:1")
    live = Identities({"main": "lib_live_" + "a" * 24})
    made = plan(model(LIBRARY), Options(), live, url="https://lending.example", mcp=link)
    left = {c.id: reason for c, reason in made.left_out if c.check == "listing_cases"}
    assert left == {"listing_cases/openai/hold_a_copy@mcp": NO_WRITES}
    assert len([c for c in made.selected if c.check == "listing_cases"]) == 7


def test_the_plan_tries_cases_first_and_in_two_orders() -> None:
    link = Link(lambda _: Silence("refused"), url="http://127.0.0.1:1")
    orders = []
    for seed in (0, 1):
        options, identities = Options(seed=seed), Identities({"main": "lib_test_" + "a" * 24})
        setting = make_setting(model(LIBRARY), options, identities, url="http://127.0.0.1:1", mcp=link)
        contracts = all_contracts(setting, collect())
        names = [probe.name for probe in draft(setting, collect(), contracts, options, identities).probes]
        rounds = [name for name in names if name.startswith("listing_cases/openai/")]
        assert names[: len(rounds)] == rounds
        first, second = (
            [name.split("/")[2] for name in rounds if f"/{number}@" in name] for number in ("first", "second")
        )
        assert second == first[::-1]
        orders.append(first)
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


@dataclass(frozen=True)
class Wrong:
    """A server that breaks one case: how it differs, and words of the finding."""

    case: str
    wrap: Wrap
    says: str


def _answer(tool: str, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrap:
    """Change the data that one tool answers with."""

    def wrap(handler: Handler) -> Handler:
        def change(question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
            if question["params"]["name"] != tool or "structuredContent" not in result:
                return result
            data = edit(result["structuredContent"])
            return {**mcp.with_text(result, json.dumps(data)), "structuredContent": data}

        return mcp.results(handler, "tools/call", change)

    return wrap


def _listed(edit: Callable[[dict[str, Any]], dict[str, Any]], *more: dict[str, Any]) -> Wrap:
    """Change each tool that is listed, and list more."""

    def change(_question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "tools": [*map(edit, result["tools"]), *more]}

    return lambda handler: mcp.results(handler, "tools/list", change)


def _hint(**hints: bool | None) -> Wrap:
    """Change the hints of every tool; None leaves one out."""

    def edit(tool: dict[str, Any]) -> dict[str, Any]:
        told = {**tool["annotations"], **hints}
        return {**tool, "annotations": {k: v for k, v in told.items() if v is not None}}

    return _listed(edit)


def _once(tool: str) -> Wrap:
    """Answer each call of a tool well when it comes first, and refuse it when it comes again."""

    def wrap(handler: Handler) -> Handler:
        met: set[bytes] = set()

        def answer(request: Request) -> Response | Silence:
            params = mcp.parse_request(request).get("params") or {}
            found = handler(request)
            if params.get("name") != tool or not isinstance(found, Response):
                return found
            key = json.dumps(params["arguments"]).encode()
            if key not in met:
                met.add(key)
                return found
            message = mcp.parse_answer(found)
            words = json.dumps({"type": "https://lending.example/problems/gone", "status": 410})
            return mcp.saying(found, {**message, "result": {**mcp.with_text({}, words), "isError": True}})

        return answer

    return wrap


def _as_found(data: dict[str, Any]) -> dict[str, Any]:
    return {"isError": False, "structuredContent": data, **mcp.with_text({}, json.dumps(data))}


def _never_refused(handler: Handler) -> Handler:
    title = {"id": 2147483647, "title": "Unknown", "authors": ["?"], "isbn": None, "subjects": []}
    title |= {"published_year": None, "copies": 1, "available": 1, "created_at": "2026-11-21T09:30:00Z"}
    return mcp.results(handler, "tools/call", lambda _, r: _as_found(title) if mcp.is_error(r) else r)


def _other_code(handler: Handler) -> Handler:
    words = json.dumps({"type": "https://lending.example/problems/not-allowed", "status": 403})
    return mcp.results(handler, "tools/call", lambda _, r: mcp.with_text(r, words) if mcp.is_error(r) else r)


def _other_author(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "authors": ["Nobody"]}


PAYS = {"name": "payLateFees", "title": "Settle", "description": "Settle.", "inputSchema": {"type": "object"}}
WRONG = {
    "another answer": Wrong(
        "one_title", _answer("get_title", _other_author), 'response.authors == ["Jon Berg"'
    ),
    "no data": Wrong(
        "find_a_title", _answer("list_titles", lambda d: {**d, "titles": []}), "it does not hold"
    ),
    "nothing to go on with": Wrong(
        "free_copies", _answer("list_titles", lambda d: {**d, "titles": []}), "they have no value"
    ),
    "once only": Wrong("one_title", _once("get_title"), "410"),
    "a tool for it": Wrong("pay_a_fine", _listed(lambda tool: tool, PAYS), "speaks of late fee"),
    "a description of it": Wrong(
        "pay_a_fine",
        _listed(lambda tool: {**tool, "description": f"{tool['description']} Takes payments."}),
        "speaks of payment",
    ),
    "nothing refused": Wrong("no_such_title", _never_refused, "200"),
    "refused otherwise": Wrong("no_such_title", _other_code, "403"),
    "said to read": Wrong(
        "cancel_for_others", _hint(readOnlyHint=True), "readOnlyHint of cancel_hold is true"
    ),
    "said to destroy nothing": Wrong(
        "cancel_for_others", _hint(destructiveHint=False), "destructiveHint of cancel_hold is false"
    ),
    "no hint": Wrong(
        "cancel_for_others", _hint(destructiveHint=None), "destructiveHint of cancel_hold is missing"
    ),
    "no such tool": Wrong(
        "cancel_for_others",
        _listed(lambda tool: {**tool, "name": tool["name"].replace("cancel_hold", "drop_hold")}),
        "cancel_hold is not listed",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_server_that_breaks_a_case_is_found(name: str) -> None:
    wrong = WRONG[name]
    report = _try(model(LIBRARY), wrong.wrap, only=f"listing_cases/openai/{wrong.case}")
    assert _verdicts(report)[wrong.case] is Verdict.BROKEN
    finding = next(f for f in report.findings if f"/{wrong.case}@" in f.contract.id)
    assert wrong.says in f"{finding.expected} {finding.actual}"
    assert finding.contract.origin[:3] == ("surfaces", "openai", "cases")
    assert report.exit_code == 1


def test_case_that_works_once_says_that_it_was_the_second_time() -> None:
    report = _try(model(LIBRARY), _once("get_title"), only="listing_cases/openai/one_title")
    assert _broken(report)["one_title"].endswith("the second time")


def test_a_finding_shows_our_line_and_how_to_repeat_it() -> None:
    of = model(LIBRARY)
    report = _try(of, _answer("get_title", _other_author), only="listing_cases/openai/one_title")
    told = render("text", report, of.source).decode()
    line = of.source.locate(("surfaces", "openai", "cases", "positive", "one_title")).line
    assert f"library.yaml:{line}" in told
    assert "curl" in told
    assert "--only listing_cases/openai/one_title@mcp" in told


def _extra(tool: dict[str, Any]) -> dict[str, Any]:
    words = f"{tool['description']} It is refined, discarded never, and shows repayments of nothing."
    return {**tool, "description": words, "_meta": {"late fee": True}}


def _reverse(handler: Handler) -> Handler:
    return mcp.results(handler, "tools/list", lambda _, r: {**r, "tools": r["tools"][::-1]})


def _busy_once(handler: Handler) -> Handler:
    left = [True]

    def answer(request: Request) -> Response | Silence:
        if left[0] and mcp.parse_request(request).get("method") == "tools/call":
            left[0] = False
            return Response(503, (("Retry-After", "1"),))
        return handler(request)

    return answer


LEGAL: dict[str, Wrap] = {
    "more in the answers": _answer("list_titles", lambda d: {**d, "took_ms": 3}),
    "other words that hold the word": _listed(_extra),
    "another tool": _listed(lambda tool: tool, {**PAYS, "name": "ring_the_bell"}),
    "more hints": _hint(idempotentHint=True, openWorldHint=True),
    "another order of the tools": _reverse,
    "busy once": _busy_once,
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_server_breaks_no_case(name: str) -> None:
    report = _try(model(LIBRARY), LEGAL[name])
    assert {n: v for n, v in _verdicts(report).items() if v is not Verdict.KEPT} == {}


def test_a_report_without_the_cases_proves_none() -> None:
    of = model(LIBRARY)
    report = verify_sandbox(of, inside(of), Options(only=("mcp_tools/",)))
    told = list_case_verdicts(of, "openai", report)
    assert len(told) == 8
    assert not any(one.proved for one in told)
    assert list_case_verdicts(of, "xai", report) == ()


JOB = """  anthropic:
    actions: all
    listing: {id: coinpost, support: "https://coinpost.example/help",
      privacy: "https://coinpost.example/privacy", terms: "https://coinpost.example/terms"}
    cases:
      positive:
        add_up:
          prompt: What did we take in euros?
          calls:
            - tool: create_report_run
              name: start
              arguments:
                report_type: payments.summary
                parameters: {interval_start: 1789900000, interval_end: 1790100000, currency: eur}
                idempotency_key: a-key-of-this-case
            - {tool: get_report_run, arguments: {report_run: =start.response.id}}
          expect: ['response.status == "succeeded"']
          outcome: The sums.
"""


def test_case_waits_for_the_job_that_it_started() -> None:
    path = ROOT / "tests" / "catalogues" / "payments.yaml"
    text = path.read_text(encoding="utf-8").replace("  anthropic: {actions: paying}\n", JOB)
    of = load_text(text.replace("mcp: {actions: paying,", "mcp: {actions: all,"), str(path))
    assert _verdicts(_try(of, allow=("create_report_run",))) == {"add_up": Verdict.KEPT}
