"""The lines in a report do what it says of them: the finding is explained, or the group is tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from inprocess import inside
from loading import load_once
from overlaying import over
from pgagents.catalogue.model.model import Model
from pgagents.importer.overlay.merge import merge
from pgagents.report.formats.json import document, exchange
from pgagents.report.formats.text import render
from pgagents.report.read import read as read_report
from pgagents.report.report import RecordedExchange, Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from test_lifts import document as jobs
from test_lifts import run as run_jobs
from verifying import SHOP, URL, model, run

SCHEMA = Path(__file__).parents[2] / "schemas" / "report.schema.json"
UNKNOWN = "invalid_input/unknown_member/place_order@rest"
MOVED = "state_transitions/order/cancelled/cancel_order@rest"
BEHIND_REFERENCES = "schemas: {Product: {required: [id, name], properties: {price_cents: null}}}"


def told(report: Report, of: Model) -> dict[str, Any]:
    """Return a report as programs read it."""
    data = json.loads(json.dumps(document(report, of.source)))
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(data)
    return data  # type: ignore[no-any-return]


def write_into(of: Model, lines: str) -> Model:
    """Return a catalogue with lines merged into it."""
    data = merge(of.source.data, yaml.safe_load(lines)).data
    return load_once(yaml.safe_dump(data, sort_keys=False), str(SHOP))


@pytest.mark.parametrize(
    ("fault", "contract", "line"),
    [
        ("accept-out-of-range", "invalid_input/minimum/limit/search_products@desk", "{minimum: null}"),
        ("accept-unknown-member", UNKNOWN, "unknown_member: null"),
        ("status-undocumented", "documented_status/get_product@rest", "{206: {"),
        ("schema-wrong-type", "response_schema/200/get_product@rest", BEHIND_REFERENCES),
        ("double-move-accepted", "workflow_runs/gift/again@rest", "status: 200"),
        ("double-move-accepted", MOVED, "[placed, cancelled]"),
        ("text-mangled", "law/note-kept/place_order@rest", "{note-kept: null}"),
    ],
)  # fmt: skip
def test_the_lines_of_a_finding_explain_it(fault: str, contract: str, line: str) -> None:
    of = model(SHOP)
    every = told(run(of, faults=[fault]), of)["findings"]
    found = next(f for f in every if contract in (f["contract"], *f["also"]))  # any of equal ones may lead
    assert line in found["lines"][0]
    assert f"--only {found['contract']}" in found["command"]
    again = run(write_into(of, found["lines"][0]), faults=[fault], only=(contract,))
    assert not [f for f in again.findings if f.contract.id == contract]


@pytest.mark.parametrize("fault", ["auth-any-key", "quote-crashes"])
def test_no_line_explains_a_crash_or_an_open_door(fault: str) -> None:
    of = model(SHOP)
    found = told(run(of, faults=[fault]), of)["findings"]
    assert found
    assert not any(f["lines"] for f in found)


def test_each_line_of_the_author_says_what_it_proves() -> None:
    of = model(SHOP)
    yours = told(run(of, faults=["text-mangled"]), of)["yours"]
    proved = {line["pointer"]: line["verdict"] for line in yours}
    assert proved["/actions/place_order/laws/note-kept"] == "broken"
    assert proved["/actions/place_order/laws/product-kept"] == "kept"
    assert proved["/api/title"] == "nothing"
    assert "/actions/place_order/laws" not in proved, "it begins a mapping, and says nothing itself"


def test_the_lines_of_an_untried_group_try_it() -> None:
    first = over("", jobs())
    groups = told(run_jobs(first), first)["untried"]
    lifting = {line: set(group["contracts"]) for group in groups for line in group["lines"]}
    [line] = [line for line in lifting if "{job: {given: " in line]
    second = over(line.replace("ID", "41"), jobs())
    still = {one for group in told(run_jobs(second), second)["untried"] for one in group["contracts"]}
    assert lifting[line] - still
    assert not any(group["yours"] for group in groups), "the author has written nothing yet"


def find_line(of: Model, contract: str) -> str:
    """The only line that would try a contract."""
    [group] = [g for g in told(run(of, only=(contract,)), of)["untried"] if contract in g["contracts"]]
    [line] = group["lines"]
    return str(line)


def test_the_lines_for_a_condition_that_was_never_true_make_it_true() -> None:
    law = (
        "actions: {search_products: {laws: {kettles: {when: 'has(input.q) && input.q == \"kettl\"', "
        "that: 'response.products.all(one, one.id != null)'}}}}"
    )
    of, contract = write_into(model(SHOP), law), "law/kettles/search_products@rest"
    line = find_line(of, contract)
    assert line == "actions: {search_products: {examples: {kettles: {input: {q: VALUE}}}}}"
    tried = run(write_into(of, line.replace("VALUE", "kettl")), only=(contract,))
    assert [r.verdict.value for r in tried.results if r.contract.id == contract] == ["kept"]


def test_the_lines_of_an_example_have_the_required_arguments_too() -> None:
    law = (
        "actions: {place_order: {laws: {many: {when: 'input.quantity == 7.0', "
        "that: 'response.order.quantity == 7.0'}}}}"
    )
    of, contract = write_into(model(SHOP), law), "law/many/place_order@rest"
    line = find_line(of, contract)
    assert "input: {product_id: VALUE, quantity: VALUE}" in line
    write_into(
        of, line.replace("product_id: VALUE", "product_id: p-17").replace("quantity: VALUE", "quantity: 7")
    )


def test_a_state_that_no_action_leads_to_has_the_line_of_a_move() -> None:
    of = write_into(model(SHOP), "resources: {order: {states: [placed, cancelled, shipped]}}")
    lines = [line for group in told(run(of), of)["untried"] for line in group["lines"]]
    assert "resources: {order: {moves: {ACTION: {from: [placed], to: shipped}}}}" in lines


def test_a_log_has_each_exchange_without_the_key() -> None:
    of, opened, logged = model(SHOP), inside(model(SHOP)), list[RecordedExchange]()
    report = verify(
        of,
        opened.sandbox.handler,
        Identities(opened.keys),
        Options(live=False, only=("valid_calls",)),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        log=logged.append,
    )
    assert [one.number for one in logged] == list(range(1, report.footer.requests + 1))
    text = json.dumps(list(map(exchange, logged)))
    assert not any(key in text for key in opened.keys.values())
    assert "[key of main]" in text or "Bearer" in text


def run_key() -> str:
    return inside(model(SHOP)).keys["main"]


def test_an_untried_group_counts_the_lines_of_the_author() -> None:
    of = model(SHOP)
    report = run(of, keys={"main": run_key()})
    groups = told(report, of)["untried"]
    [isolated] = [g for g in groups if any("project_isolation" in one for one in g["contracts"])]
    assert isolated["yours"]
    assert f"of {len(isolated['yours'])} line" in render(report, of.source, why=True)


def test_what_lifts_a_reason_is_a_field_of_it_also_in_a_report_that_was_read(tmp_path: Path) -> None:
    of = model(SHOP)
    report = run(of, keys={"main": run_key()}, skip=("law",))
    groups = {one["reason"]: one["options"] for one in told(report, of)["untried"]}
    assert groups["needs the identity `second`: add --identity second=ENVVAR"] == ["--identity second=ENVVAR"]
    assert groups["left out by --skip"] == [], "it is what keeps them untried"
    (tmp_path / "report.json").write_text(json.dumps(document(report, of.source)), "utf-8")
    read, _ = read_report(tmp_path / "report.json")
    again = {r.reason: getattr(r.reason, "options", ()) for r in read.results}
    assert all(again[reason] == tuple(options) for reason, options in groups.items())
