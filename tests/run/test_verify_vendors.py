"""Contracts of vendors' surfaces: what each vendor's documents let a model send, what they promise of
answers, what hosts bear.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lengths import rarely
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.places import plain
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.answers import ErrorReader
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.importer.default_surfaces import list_plain
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.cases.projection_index import (
    ProjectionIndex,
    collect_projections,
    offers,
    projections_of,
)
from pgagents.verify.check_registry import collect
from pgagents.verify.checks.vendors import honours_manifest
from pgagents.verify.checks.vendors.agent_response_limits import limits_of
from pgagents.verify.projections import fill_gaps, gaps, read_as_2020
from pgagents.verify.setting import Memory, setting_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from verifying import PARK_GRAPH, SHOP, ids, model, plain_run, run, sandbox

LIBRARY = PARK_GRAPH.parents[1] / "tests/catalogues/library.yaml"
TOOLS = ("gemini", "xai", "perplexity", "anthropic", "openai_tools", "mcp")
OURS = ("honours_manifest", "agent_response_limits")


@cache
def without(*surfaces: str) -> Model:
    """Park Graph's catalogue without some surfaces."""
    text = PARK_GRAPH.read_text(encoding="utf-8")
    for surface in surfaces:
        text, count = re.subn(rf"^  {surface}:.*\n(?:   .*\n)*", "", text, flags=re.M)
        assert count == 1, surface
    return load_text(text, str(PARK_GRAPH))


def test_no_id_is_zero_as_a_double() -> None:
    """No title has the id 0.0, which was expected to be accepted."""
    text = LIBRARY.read_text(encoding="utf-8")
    bounded = "title_id: {type: integer, minimum: 1, maximum: 2147483647, required: true"
    assert bounded in text
    of = load_text(text.replace(bounded, "title_id: {type: integer, required: true"), str(LIBRARY))
    zeros = {
        name
        for found in collect_projections(setting_of(of))
        for mismatch in honours_manifest.mismatches_of(setting_of(of), found)
        for name, value in mismatch.call.input.items()
        if isinstance(value, float) and not value
    }
    assert "title_id" not in zeros


@cache
def whole() -> Report:
    """A run of the plain sandbox with every surface."""
    return plain_run()


def projections(of: Model, action: str, surface: str = "rest") -> ProjectionIndex:
    setting = setting_of(of)
    endpoint = setting.endpoint(action, surface)
    assert endpoint is not None
    found = projections_of(setting, endpoint)
    assert found is not None
    return found


def admitting(found: ProjectionIndex, **given: Any) -> set[str]:
    """The surfaces whose documents let a model send these arguments."""
    return {found.offers[i].surface.name for i in found.admitting(given)}


# what is read from the documents


def test_every_action_of_every_surface_with_functions_is_offered() -> None:
    found = {(o.surface.name, str(o.endpoint.action.name)) for o in offers(setting_of(model()))}
    for name in ("rest", "openai", "copilot", *TOOLS):
        assert {a for s, a in found if s == name} == {str(a.name) for a in model().surfaces[name].actions}, (
            name
        )


def test_a_surface_is_offered_by_each_of_its_documents() -> None:
    found = {
        s.document
        for o in offers(setting_of(model()))
        if o.surface.name in ("gemini", "openai_tools", "openai")
        for s in o.said
    }
    assert {
        "gemini/functions.json",
        "gemini/functions.jsonschema.json",
        "openai/tools.chat.strict.json",
        "openai/openapi.yaml",
    } <= found


def test_documents_that_list_statuses_list_all_of_their_actions() -> None:
    """So a documented status is never one that a vendor was not told of."""
    for found in collect_projections(setting_of(model())):
        for i in found.listing:
            told = {status for said in found.offers[i].said for status in said.answers or ()}
            own = {
                c.status
                for c in found.endpoint.action.errors
                if c.only is None or found.endpoint.action.name in c.only
            }
            keyless = (
                set() if found.endpoint.needs_key else {model().codes[model().errors.framework.no_key].status}
            )
            assert own - keyless <= told, found.offers[i].place


@pytest.mark.parametrize(
    ("vendors", "value", "wrong"),
    [
        ({"type": "INTEGER", "minimum": 1}, 1, 0),
        ({"type": "STRING", "nullable": True, "enum": ["a"]}, None, "b"),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, 0.1, 0),
        (
            {"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}}},
            {"a": ["x"]},
            {"a": [1]},
        ),
        ({"$ref": "#/components/schemas/N"}, {"next": {}}, {"next": 1}),
        ({"anyOf": [{"type": "string"}], "nullable": True}, None, 1),
    ],
)
def test_a_vendors_words_are_read_as_json_schema(vendors: dict[str, Any], value: Any, wrong: Any) -> None:
    from pgagents.base.jsonschema.schema import validator

    named = {
        "N": {
            "type": "object",
            "properties": {
                "next": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/N"}}}
            },
        }
    }
    test = validator(read_as_2020(vendors, named), {})
    assert test.is_valid(value)
    assert not test.is_valid(wrong)


def test_null_stands_for_what_a_strict_model_leaves_out_at_any_depth() -> None:
    own = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {}, "b": {"properties": {"c": {}}}, "d": {"items": {"properties": {"e": {}}}}},
    }
    strict = {
        "required": ["a", "b", "d"],
        "properties": {"a": {}, "b": {"required": ["c"]}, "d": {"items": {"required": ["e"]}}},
    }
    missing = gaps(strict, own)
    assert fill_gaps({"a": 1, "b": {}, "d": [{}]}, missing) == {"a": 1, "b": {"c": None}, "d": [{"e": None}]}
    assert fill_gaps({"a": 1}, missing) == {"a": 1, "b": None, "d": None}
    assert fill_gaps({}, missing) == {"b": None, "d": None}  # what the API requires is not made up
    assert gaps(own, own) is None


def test_each_vendor_lets_through_what_its_schema_cannot_say() -> None:
    found = projections(model(), "create_session")
    right = {"lot_id": "lot_1", "plate": "CO-7891"}
    everyone = {o.surface.name for o in found.offers}
    assert admitting(found, **right) == everyone
    assert admitting(found, **right, hours=0) == {"gemini", "perplexity", "anthropic"}  # exclusiveMinimum
    assert admitting(found, **right, hours=25) == {"anthropic"}  # maximum, in strict mode
    assert admitting(found, **right, hours=None) == {"openai_tools"}  # every member is there in strict mode
    assert admitting(found, **right, pgv_unknown=1) == {"gemini"}  # additionalProperties
    assert admitting(found, **right, vehicle={"vin": "1"}) == everyone - {"copilot"}  # it omits the vehicle
    assert admitting(found, lot_id="lot_1") == set()


@pytest.mark.parametrize("path", [PARK_GRAPH, SHOP], ids=["park_graph", "shop"])
def test_every_documented_call_and_answer_fits_every_vendors_document(path: Path) -> None:
    """Else a correct server would break a vendor's contract, or none of its calls would bear on it."""
    told = 0
    for found in collect_projections(setting_of(model(path))):
        for example in found.endpoint.action.examples:
            offered = {
                str(p.name)
                for p in found.endpoint.params
                if p.place != "header" or found.endpoint.dispatcher is not None
            }
            given = {k: v for k, v in example.input.items() if k in offered}
            if example.status < 300:
                left_out = {
                    o.surface.name
                    for o in found.offers
                    if set(o.surface.omit.get(found.endpoint.action.name, ())) & given.keys()
                }
                assert (
                    admitting(found, **plain(given)) >= {o.surface.name for o in found.offers} - left_out
                ), (
                    found.endpoint.place,
                    example.name,
                )
            promised = found.find_promised(example.status if found.endpoint.dispatcher is None else 200)
            if promised is not None and example.output is not None and example.status < 300:
                assert promised.every.is_valid(plain(example.output)), (found.endpoint.place, example.name)
                told += len(promised.each)
    assert told > 10


def test_a_dispatchers_document_lets_through_what_only_another_action_takes() -> None:
    found = projections(model(), "get_rates", "dispatcher")
    assert admitting(found, lot_id="lot_1") == {"dispatcher", "openai"}
    assert admitting(found, lot_id="lot_1", plate="CO-7891") == {"openai"}
    assert admitting(found) == {"openai"}


def test_headers_are_the_hosts_business() -> None:
    found = projections(model(), "create_session")
    several = found.let_through(setting_of(model()))
    call = next(n.call for calls in several.values() for n in calls)
    given = found.collect_arguments(call, {**call.input, "idempotency_key": "!"})
    assert "idempotency_key" not in given


# what it costs, and what comes of it


@pytest.mark.matrix
def test_one_more_vendor_adds_less_than_a_twentieth_of_the_requests() -> None:
    # by seed 0 a session ends while a read is looked at, and three more looks cost ninety requests
    after = run(model(), seed=1)
    for surface in ("gemini", "openai_tools", "anthropic"):
        before = run(without(surface), seed=1)
        assert after.footer.requests <= before.footer.requests * 1.05
        assert after.footer.served[surface] > 0
        assert surface not in before.footer.served
        added = {r.contract.id for r in after.results} - {r.contract.id for r in before.results}
        assert len(added) >= 15
        assert all(id.endswith(f"@{surface}") for id in added)


def test_every_contract_of_every_vendor_is_kept_by_the_plain_sandbox() -> None:
    report = whole()
    kept = Counter(
        r.contract.surface for r in report.results if r.contract.check in OURS and r.verdict is Verdict.KEPT
    )
    every = Counter(r.contract.surface for r in report.results if r.contract.check in OURS)
    assert kept == every
    assert set(every) >= {"rest", "dispatcher", "openai", "copilot", *TOOLS}


def answering(handler: Handler, path: str, answer: Response) -> Handler:
    """A handler that has one answer for all calls of a path."""

    def found(request: Request) -> Response | Silence:
        return answer if request.path.endswith(path) else handler(request)

    return found


@pytest.mark.matrix
def test_action_that_never_answered_is_untested_on_every_surface_that_offers_it() -> None:
    opened, _ = sandbox(model())
    busy = Response(503, (("Retry-After", "1"),), b"")
    report = run(
        model(),
        handler=answering(opened.handler, "/rates", busy),
        keys={"main": opened.tokens["unlimited"]},
        only=("honours_manifest/",),
    )
    verdicts = {
        r.contract.surface: r.verdict
        for r in report.results
        if r.contract.id.startswith("honours_manifest/accepts/get_rates@")
    }
    assert set(verdicts) >= {"rest", "openai", *TOOLS}
    assert all(v is Verdict.UNTESTED for surface, v in verdicts.items() if surface != "dispatcher")
    assert report.exit_code == 3


@pytest.mark.matrix
def test_what_breaks_a_vendor_says_so_without_a_finding_of_its_own() -> None:
    only = ("honours_manifest/", "invalid_input/", "look_alike_input/", "workflow_runs/")
    report = run(model(), faults=["accept-out-of-range"], only=only)
    broken = [
        r for r in report.results if r.verdict is Verdict.BROKEN and r.contract.check == "honours_manifest"
    ]
    assert {"gemini", "anthropic"} <= {r.contract.surface for r in broken}
    assert all(r.reason for r in broken)
    found = {
        f.contract.check for f in report.findings
    }  # NaN is out of every range, too, and a workflow asks for such hours
    assert found == {"invalid_input", "look_alike_input", "workflow_runs"}
    also = {id for f in report.findings for id in f.also}
    assert {r.contract.id for r in broken} <= also


@pytest.mark.parametrize(
    ("fault", "head", "surfaces"),
    [
        *rarely(
            [
                ("schema-missing-required", "answers", {"rest", "openai", "agentcore", "gemini", "mcp"}),
                ("status-undocumented", "answers", {"rest", "openai", "agentcore"}),
            ]
        ),
        (
            "reject-valid-boundary",
            "accepts",
            {"rest", "mcp", "agentcore", *list_plain()},
        ),
        (
            "accept-unknown-member",
            "refuses",
            {"gemini", "openai"},
        ),  # by functions, and by the dispatcher's union
    ],
)
def test_fault_of_the_api_breaks_the_contracts_of_those_it_reaches(
    fault: str, head: str, surfaces: set[str]
) -> None:
    report = run(model(), faults=[fault], only=(f"honours_manifest/{head}/",))
    broken = {
        r.contract.surface
        for r in report.results
        if r.verdict is Verdict.BROKEN and r.contract.id.startswith(f"honours_manifest/{head}/")
    }
    assert broken >= surfaces
    assert broken - surfaces <= {"dispatcher", "copilot"}


@pytest.mark.matrix
def test_one_vendors_contract_is_shown_again_by_its_own_id() -> None:
    report = run(
        model(), faults=["accept-out-of-range"], only=("honours_manifest/refuses/create_session@anthropic",)
    )
    assert ids(report, Verdict.BROKEN) == ["honours_manifest/refuses/create_session@anthropic"]
    assert [f.contract.id for f in report.findings] == ["honours_manifest/refuses/create_session@anthropic"]
    assert report.footer.requests < 0.6 * whole().footer.requests


@pytest.mark.matrix
def test_fault_of_one_vendors_own_is_that_vendors_finding() -> None:
    only = ("honours_manifest/", "unknown_member/", "invalid_input/")
    report = run(model(), faults=["argument-of-another-accepted"], only=only)
    broken = [r.contract for r in report.results if r.verdict is Verdict.BROKEN]
    assert {c.surface for c in broken if c.check == "honours_manifest"} == {"openai"}
    assert {c.id.partition("/")[2].partition("/")[0] for c in broken if c.check != "honours_manifest"} == {
        "unknown_member"
    }


def test_error_of_our_own_leaves_contracts_untested_and_is_no_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(honours_manifest, "_judge_answer", broken)
    report = run(model(SHOP))
    assert report.findings == ()
    untested = ids(report, Verdict.UNTESTED)
    assert untested
    assert {id.partition("/")[0] for id in untested} == {"honours_manifest"}
    assert any("internal error" in note for note in report.footer.notes)


# what hosts bear


def test_limits_are_the_vendors_own_with_the_day_they_were_read() -> None:
    found = limits_of(model(SHOP), "openai")  # its catalogue says nothing of budgets
    assert {what: limit.most for what, limit in found.items()} == {"seconds": 45, "characters": 99_999}
    assert found["seconds"].cite == ("openai.timeout",)
    assert "read 20" in found["seconds"].source
    assert {what: limit.most for what, limit in limits_of(model(SHOP), "copilot").items()} == {
        "seconds": 10,
        "items": 25,
    }
    assert limits_of(model(SHOP), "gemini") == {}


def test_the_tighter_limit_counts() -> None:
    budgets = "limits:\n  budgets: {copilot: {seconds: 3, items: 40}, all: {characters: 5000}}\n\nbehaviour:"
    of = load_text(SHOP.read_text(encoding="utf-8").replace("behaviour:", budgets, 1), "shop.yaml")
    assert {w: limit.most for w, limit in limits_of(of, "copilot").items()} == {
        "seconds": 3,
        "items": 25,
        "characters": 5000,
    }
    assert {w: limit.most for w, limit in limits_of(of, "gemini").items()} == {"characters": 5000}
    assert limits_of(of, "copilot")["seconds"].cite == ("microsoft.response-time",)


def test_size_is_proved_by_the_widest_call_only() -> None:
    opened, _ = sandbox(model(SHOP))
    asked: list[Request] = []

    def narrow(request: Request) -> Response | Silence:
        asked.append(request)
        return (
            handler(request)
            if "limit=50" not in request.target
            else Response(503, (("Retry-After", "1"),), b"")
        )

    handler = opened.handler
    report = run(model(SHOP), handler=narrow, keys={"main": opened.tokens["unlimited"]})
    verdicts = {
        r.contract.id: r.verdict for r in report.results if r.contract.check == "agent_response_limits"
    }
    assert verdicts["agent_response_limits/items/search_products@copilot"] is Verdict.UNTESTED
    assert verdicts["agent_response_limits/seconds/search_products@copilot"] is Verdict.KEPT
    assert any("limit=50" in r.target for r in asked)


def test_answer_that_never_came_in_time_came_too_late() -> None:
    setting = setting_of(model())
    endpoint = setting.endpoint("search_parking", "rest")
    assert endpoint is not None
    example = endpoint.action.examples[0].input
    call = Call(endpoint, example, "valid", "a search")
    check = collect()["agent_response_limits"]
    for seconds, late in ((9.0, []), (31.0, ["copilot"]), (46.0, ["copilot", "openai"])):
        exchange = Exchange(
            1,
            call,
            example,
            Request("GET", "/"),
            Silence("timeout"),
            seconds=seconds,
            sent_at=0,
            codes={},
            errors=ErrorReader({}, "error.code"),
            limits=model().limit_reader,
        )
        broken = [j.contract for j in check.watch(exchange, Memory(setting)) if j.verdict is Verdict.BROKEN]
        assert sorted(broken) == [
            f"agent_response_limits/seconds/search_parking@{surface}" for surface in late
        ]


# the list


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["contracts", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_list_stays_within_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = listed(capsys, str(PARK_GRAPH))
    assert code == 0
    ids = [line for line in out.splitlines() if len(line) > 100]
    assert ids == []
    assert re.search(r"^gemini +15 +1 +\d+$", out, re.M)


def test_the_list_is_filtered_by_surface_action_check_and_requirement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = listed(
        capsys, str(PARK_GRAPH), "--surface", "copilot", "--action", "search_parking", "--format", "ids"
    )
    assert code == 0
    ids = out.split()
    assert "agent_response_limits/items/search_parking@copilot" in ids
    assert all(id.endswith("search_parking@copilot") for id in ids)
    _, out, _ = listed(capsys, str(PARK_GRAPH), "--requirement", "microsoft.items", "--format", "ids")
    assert out.split() == ["agent_response_limits/items/search_parking@copilot"]


def test_the_list_as_csv_has_the_planned_requests(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = listed(capsys, str(SHOP), "--check", "invalid_input", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows
    assert all(
        int(row["requests"]) >= 1 and int(row["line"]) > 1 and row["check"] == "invalid_input" for row in rows
    )


def test_a_filter_that_nothing_has_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = listed(capsys, str(SHOP), "--surface", "gemni")
    assert (code, out) == (2, "")
    assert "did you mean `gemini`?" in err
