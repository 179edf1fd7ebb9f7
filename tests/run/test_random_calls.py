"""Random calls of whole actions: what they find, how small a finding becomes, and what they leave alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inprocess import inside
from pgagents.base.http import Handler, Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.formats import text
from pgagents.report.presentation import make_headline
from pgagents.report.report import GENERATED, Report
from pgagents.verify.cases.generated import list_drawn_calls
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.setting import setting_of
from pgagents.verify.values import combining, generators
from verifying import SHOP, URL, ids, model

SEARCH = "no_crashes/search_products@rest"
CRASH = Response(
    500, (("Content-Type", "application/json"),), b'{"fault": {"kind": "broken", "text": "oops"}}'
)
Breaks = Callable[[Request], bool]


def verified(breaks: Breaks, instead: Response = CRASH, **options: Any) -> tuple[Report, list[str]]:
    """Verify the shop's mock, which answers `instead` where `breaks` says so; give the searches sent, too."""
    opened = inside(model(SHOP))
    front: Handler = opened.sandbox.front
    sent: list[str] = []

    def handler(request: Request) -> Any:
        if request.method == "GET" and request.path == "/products":
            sent.append(request.target)
        return instead if breaks(request) else front(request)

    report = verify(
        model(SHOP),
        handler,
        Identities(opened.keys),
        Options(live=False, **options),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        timer=time.perf_counter,
    )
    return report, sent


def in_twenties(request: Request) -> bool:
    """True for a search whose limit is neither a boundary nor a default, and in no example."""
    limits = [value for name, value in request.query if name == "limit"]
    return request.path == "/products" and any(v.isdecimal() and 21 <= int(v) <= 29 for v in limits)


@cache
def deep_report() -> Report:
    return verified(in_twenties, only=(SEARCH,), profile="deep")[0]


@pytest.mark.matrix
def test_what_only_an_odd_number_shows_is_found_by_a_random_call_and_by_no_other() -> None:
    assert ids(verified(in_twenties, only=(SEARCH,))[0], Verdict.BROKEN) == []
    assert ids(deep_report(), Verdict.BROKEN) == [SEARCH]


def test_finding_shows_the_call_without_what_does_not_matter() -> None:
    (finding,) = deep_report().findings
    shown = dict(finding.exchanges[-1].request.query)
    assert 21 <= int(shown.pop("limit")) <= 29
    assert shown in ({}, {"q": "kettle"})


def test_a_headline_names_the_argument_without_which_nothing_breaks() -> None:
    (random,) = deep_report().findings
    limit = dict(random.exchanges[-1].request.query)["limit"]
    assert make_headline(random) == f"GET /products answers 500 broken when limit is {limit}"

    def at_its_greatest(request: Request) -> bool:
        return request.path == "/products" and ("limit", "50") in request.query

    report, sent = verified(at_its_greatest, only=(SEARCH, "valid_calls/*search_products@rest"))
    boundary = next(f for f in report.findings if SEARCH in (f.contract.id, *f.also))
    assert any("q=" in target and "limit=50" in target for target in sent), "a smaller call was found"
    assert make_headline(boundary) == "GET /products answers 500 broken when limit is 50"
    assert dict(boundary.exchanges[-1].request.query).keys() - {"q"} == {"limit"}


def test_a_call_with_several_unusual_arguments_is_narrowed() -> None:
    """The server fails with a limit of 50, which it first gets together with the longest word."""
    words: set[str] = set()

    def at_its_greatest(request: Request) -> bool:
        query = dict(request.query)
        if request.path != "/products" or query.get("limit") != "50":
            return False
        words.add(query.get("q", ""))
        return any(len(word) > 20 for word in words)

    report, _ = verified(at_its_greatest, only=(SEARCH, "valid_calls/*search_products@rest"))
    finding = next(f for f in report.findings if SEARCH in (f.contract.id, *f.also))
    assert make_headline(finding) == "GET /products answers 500 broken when limit is 50"
    assert finding.exchanges[-1].request.target == "/products?limit=50&q=kettle"
    assert finding.exchanges[-1].why.endswith(", made smaller")


def test_a_headline_of_what_any_call_shows_names_no_argument() -> None:
    report, _ = verified(lambda request: request.path == "/products", only=(SEARCH, "valid_calls/*@rest"))
    finding = next(f for f in report.findings if SEARCH in (f.contract.id, *f.also))
    assert " when " not in make_headline(finding)


def test_what_a_random_call_found_is_repeated_by_a_run_that_makes_it() -> None:
    """A standard run of one contract makes no random call, so it would keep the contract."""
    deep = deep_report()
    (found,) = deep.findings
    one = replace(found, exchanges=(replace(found.exchanges[-1], why=GENERATED),))
    deep = replace(deep, findings=(one,))
    assert deep.repeat(one) == deep.select(SEARCH) == f"--only {SEARCH} --seed 0"
    whole = replace(deep, header=replace(deep.header, profile="standard"))
    assert whole.repeat(one) == "--seed 0"
    shown = text.render(whole, model(SHOP).source, again="pgagents verify")
    assert "\n        pgagents verify --seed 0\n" in shown
    usual = replace(one, exchanges=(replace(one.exchanges[-1], why="an ordinary call"),))
    assert whole.repeat(usual) == whole.select(SEARCH)


def inputs_of(seed: int) -> list[Any]:
    """Return the arguments of all random calls of the shop's search."""
    setting = replace(setting_of(model(SHOP)), seed=seed, drawn=8)
    search = setting.endpoint("search_products", "rest")
    assert search is not None
    drawn = (one for valid in (True, False) for one in list_drawn_calls(setting, search, valid=valid))
    return [one.call.input for one in drawn]


def test_the_same_seed_draws_the_same_calls_and_another_seed_others() -> None:
    assert inputs_of(3) == inputs_of(3)
    assert inputs_of(3) != inputs_of(4)


@pytest.mark.matrix
def test_a_process_of_its_own_draws_as_many_calls_as_it_may() -> None:
    """Hypothesis draws constants of the modules that a process has loaded too, and equal calls count once."""
    code = "from test_random_calls import inputs_of; print(len(inputs_of(3)))"
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "16\n"


@pytest.mark.matrix
def test_a_bound_lets_a_deep_run_draw_more_and_a_standard_run_not() -> None:
    def count(most: int, profile: str) -> int:
        report, sent = verified(lambda _: False, max_requests=most, profile=profile)
        assert report.footer.requests <= most + 1
        assert report.findings == ()
        return len(sent)

    assert count(600, "deep") >= count(310, "deep") + 20
    assert count(600, "standard") == count(310, "standard")


def test_a_wrong_value_that_only_a_random_call_has_is_found() -> None:
    def lenient(request: Request) -> bool:
        limits = [v for name, v in request.query if name == "limit"]
        return request.path == "/products" and any(
            v.isdecimal() and 3 <= len(v) <= 9 and len(set(v)) > 2 for v in limits
        )

    only = "invalid_input/maximum/limit/search_products@rest"
    found = Response(200, (("Content-Type", "application/json"),), b'{"products": []}')
    assert ids(verified(lenient, found, only=(only,))[0], Verdict.BROKEN) == []
    report, _ = verified(lenient, found, only=(only,), profile="deep")
    assert only in ids(report, Verdict.BROKEN)


def test_an_action_that_costs_is_never_called_with_random_values() -> None:
    setting = replace(setting_of(model(SHOP)), drawn=8)
    place = setting.endpoint("place_order", "rest")
    assert place is not None
    assert list_drawn_calls(setting, place, valid=True) == ()


@pytest.mark.parametrize("valid", [True, False])
def test_random_inputs_are_equal_for_equal_seeds_and_name_every_argument(valid: bool) -> None:
    spec = generators.document(
        "/things/{id}",
        "post",
        [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}],
        {"type": "object", "properties": {"hours": {"type": "number"}}, "required": ["hours"]},
        {},
    )
    names = {("path", "id"): "id", ("body", "hours"): "hours"}
    first = combining.random_inputs(spec, names, 10, 1, valid=valid)
    combining._draw_values.cache_clear()
    assert combining.random_inputs(spec, names, 10, 1, valid=valid) == first
    assert combining.random_inputs(spec, names, 10, 2, valid=valid) != first
    assert set().union(*first) == {"id", "hours"}
    if valid:
        assert all(i["id"] >= 1 and isinstance(i["hours"], int | float) for i in first)


def test_another_turn_and_a_reference_combine_what_was_drawn_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values are drawn once a schema: a pattern of unique texts took half of a run's time, thrice."""
    drawn: list[Any] = []
    draw = combining.random_values
    monkeypatch.setattr(combining, "random_values", lambda *given, **_: drawn.append(given) or draw(*given))
    words = {"type": "string", "maxLength": 33, "x-of": "this test alone"}
    one, other = [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in (("first", words), ("second", {"$ref": "#/components/schemas/Words"}))
    ]
    spec = generators.document("/things", "get", [one, other], None, {"Words": words})
    names = {("query", "first"): "first", ("query", "second"): "second"}
    turns = [combining.random_inputs(spec, names, 10, 1, valid=True, turn=turn) for turn in range(3)]
    assert len({str(calls) for calls in turns}) == len(turns)
    assert len(drawn) == 1


def test_an_operation_that_cannot_be_called_wrongly_has_no_invalid_inputs() -> None:
    spec = generators.document("/things", "get", [], None, {})
    assert combining.random_inputs(spec, {}, 5, 1, valid=False) == ()
