"""The mock serves each row of tests/language.yaml, and verify keeps its contracts there. Its fault breaks
them, and its variation does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from inprocess import inside, mcp_inside, verify_sandbox
from language_table import Row, holds, match, model_of, rows
from lengths import rarely
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.client.send import request_of
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.fault_registry import find, list_names
from pgagents.verify.plan.options import Options
from pgagents.verify.run.run import contracts
from pgagents.verify.wire.oauth import Tokens, find_tokens
from verifying import TOO_SMALL, following, ids, run, verify_beside

ROWS = sorted(rows())
ENOUGH = 4_000
UNSAFE_TOOLS = [f"invalid_input/required/note_id/{name}@mcp" for name in ("change_note", "delete_note")]
"""Contracts of tools that are never tried: such a call names no note, so it could change any."""


@pytest.mark.parametrize("id", [id for id in ROWS if not rows()[id].reason("mock")])
def test_mock_serves_what_a_row_says(id: str) -> None:
    """A call names an action and its `input`, or is a raw request: `send`, `text`. Both may have request
    headers (`with`) and other `schemes` than the first that fit. They say the answer's `status`, `headers`,
    members (`body`) and a text that it `has`.
    """
    row, model = rows()[id], model_of(id)
    opened, tokens = inside(model), Tokens(model)
    kept: dict[str, Any] = {}
    for call in row.several("mock"):
        carried = find_tokens(tokens, opened.keys, opened.sandbox.front.clock.now(), opened.sandbox.handler)
        sent = _request(call, model, carried, kept)
        answer = opened.sandbox.handler(sent)
        assert isinstance(answer, Response), call
        told = (call, sent.target, answer.status, answer.headers, answer.body[:400])
        assert answer.status == call["status"], told
        body = json.loads(answer.body) if {"body", "keep"} & set(call) and answer.body[:1] in b"{[" else None
        assert call.get("body") is None or holds(body, _filled(call["body"], kept)), told
        for name, wanted in call.get("headers", {}).items():
            found = answer.header(name)
            assert (found is not None) if wanted is True else found == wanted, told
        assert call.get("has", "") in answer.body.decode("utf-8", "replace"), told
        for name, path in call.get("keep", {}).items():
            kept[name] = answer.header(path[8:]) if path.startswith("headers.") else _at(body, path)
            assert kept[name] is not None, told
        if call.get("sleep"):
            opened.sleep(call["sleep"])


def _request(call: dict[str, Any], model: Model, carried: Mapping[str, str], kept: dict[str, Any]) -> Request:
    if "call" in call:
        action = model.action(call["call"])
        assert action is not None, call
        dispatcher = None if action.on_rest else model.find_dispatcher(action)
        asked = request_of(action, _filled(call.get("input", {}), kept), dispatcher=dispatcher)
        needs = action.security if dispatcher is None else model.shared_security
    else:
        method, _, target = _filled(call["send"], kept).partition(" ")
        asked = Request(method, target, (), str(_filled(call.get("text", ""), kept)).encode())
        needs = model.shared_security
    for name in _schemes(call, carried, needs):
        asked = model.credentials[name].add_to(asked, carried[name])
    for name, value in call.get("with", {}).items():
        asked = asked.with_header(name, str(_filled(value, kept)))
    return asked


def _schemes(
    call: dict[str, Any], carried: Mapping[str, str], needs: tuple[tuple[str, ...], ...]
) -> Sequence[str]:
    if not call.get("key", True):
        return ()
    found: Sequence[str] = next((one for one in needs if one and set(one) <= set(carried)), ())
    return call.get("schemes", found)


def _filled(value: Any, kept: dict[str, Any]) -> Any:
    """Return a value with `{name}` replaced by what was kept; a text that is only that has its type."""
    if isinstance(value, dict):
        return {k: _filled(v, kept) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, kept) for v in value]
    if isinstance(value, str):
        for name, known in kept.items():
            if value == f"{{{name}}}":
                return known
            value = value.replace(f"{{{name}}}", str(known))
    return value


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def _told(report: Report) -> dict[str, str]:
    return {f.contract.id: f.actual for f in report.findings}


def _verify(id: str, tools: bool = False, only: Sequence[str] = (), **more: Any) -> Report:
    """Verify the mock with the options of the row's `run`, with `tools` through an MCP server in front of it
    too. With `limits: true` the key has the published limits. `only` are contracts; else all of them.
    """
    model, options = model_of(id), rows()[id].cells.get("run", {})
    if tools:
        opened, more = inside(model), {name: more[name] for name in more.keys() & {"faults", "variations"}}
        with mcp_inside(model, opened, **more) as link:
            chosen = Options(allow_writes=True, max_requests=ENOUGH, only=tuple(only))
            return verify_sandbox(model, opened, chosen, mcp=link)
    if options.get("limits"):
        opened = inside(model)
        more["keys"] = {**opened.keys, "main": opened.sandbox.tokens["test"]}
    return run(model, allow_writes=True, only=tuple(only), **options, **more)


def _has_tools(row: Row) -> bool:
    return any(pattern.endswith("@mcp") for pattern in row.several("checks"))


@cache
def _listed(id: str) -> tuple[str, ...]:
    """Return the ids of every contract of a row's catalogue."""
    return tuple(contract.id for contract in contracts(model_of(id)))


def _contracts_of(id: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the first contract that each pattern means."""
    found = [ids[0] for _, ids in match(_listed(id), patterns) if ids]
    return tuple(dict.fromkeys(found))


SAMPLE = ROWS[::9]
"""The rows that are verified whole at every push; `make matrix` does so with all."""


@pytest.mark.parametrize("id", [id for id in ROWS if id not in SAMPLE][::4])
def test_mock_keeps_the_contracts_that_a_row_names(id: str) -> None:
    row = rows()[id]
    patterns = row.several("checks")
    report = _verify(id, _has_tools(row), _contracts_of(id, patterns))
    assert _told(report) == {}
    for pattern, found in match(ids(report, Verdict.KEPT), patterns):
        assert found, f"no contract {pattern} was kept"


@pytest.mark.parametrize("id", rarely(ROWS, *SAMPLE))
def test_verify_keeps_a_row_on_the_mock(id: str) -> None:
    row = rows()[id]
    if _has_tools(row):
        report = _verify(id, tools=True)
    else:
        report, shown = verify_beside(model_of(id), (), until_shown=False, **row.cells.get("run", {}))
        assert shown == [], "two sandboxes without a variation answer alike"
    _assert_green(report, _has_tools(row), taken=id.startswith("unique"))
    kept = ids(report, Verdict.KEPT)
    for pattern, found in match(kept, row.several("checks")):
        assert found, f"no contract {pattern} was kept"


def _assert_green(report: Report, tools: bool, *, taken: bool = False) -> None:
    """`taken` says that the mock's world has the workflow's text already, and nothing may have it twice."""
    assert _told(report) == {}
    untested = [r for r in report.results if r.verdict is Verdict.UNTESTED]
    if taken:
        (write,) = [r for r in untested if r.contract.id == "workflow_runs/write-and-read/write@rest"]
        assert write.reason.startswith(
            "`text: Buy milk` is taken, perhaps by an earlier run: write `text: =fresh"
        )
        untested = [r for r in untested if not r.contract.id.startswith("workflow_runs/")]
    left = [r.contract.id for r in untested if not (r.excused and r.contract.id.startswith(TOO_SMALL))]
    assert [id for id in left if not (tools and id in UNSAFE_TOOLS)] == []
    assert report.footer.left_behind == ()
    assert len(report.footer.notes) == tools


def _faults(row: Row) -> list[Any]:
    return [pytest.param(row.id, each, id=f"{row.id}-{each['name']}") for each in row.several("fault")]


FAULTS = [case for row in rows().values() for case in _faults(row)]


def _list_caught(report: Report, fault: str) -> list[str]:
    """Return the contracts that broke; of a fault that its check only advises against, the odd ones."""
    kind = "mcp_faults" if fault in list_names("mcp_faults") else "faults"
    return ids(report, Verdict.ODD if find(kind, fault).odd else Verdict.BROKEN)


def _assert_found(report: Report, fault: str, patterns: Sequence[str]) -> None:
    for pattern, found in match(_list_caught(report, fault), patterns):
        assert found, (pattern, json.dumps(_told(report), indent=1))
    assert not [note for note in report.footer.notes if "internal" in note]


@pytest.mark.parametrize(("id", "fault"), FAULTS[::3])
def test_fault_of_a_row_is_found(id: str, fault: dict[str, Any]) -> None:
    """One contract of each pattern is tried alone, and all of them where that does not show the fault.

    `make matrix` finds every fault of a row, in a whole run.
    """
    tools, names = fault["name"] in list_names("mcp_faults"), [fault["name"]]
    only = _contracts_of(id, fault["breaks"])
    report = _verify(id, tools, only, faults=names, enough=len(only))
    if not all(found for _, found in match(_list_caught(report, fault["name"]), fault["breaks"])):
        report = _verify(id, tools, faults=names)
    _assert_found(report, fault["name"], fault["breaks"])


def _faults_by_surface(id: str, tools: bool) -> list[dict[str, Any]]:
    return [f for f in rows()[id].several("fault") if (f["name"] in list_names("mcp_faults")) is tools]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("id", "tools"), [(id, tools) for id in ROWS for tools in (False, True) if _faults_by_surface(id, tools)]
)
def test_faults_of_a_row_are_found_in_a_whole_run(id: str, tools: bool) -> None:
    """Those that break different contracts share a run."""
    groups: list[list[dict[str, Any]]] = []
    for fault in _faults_by_surface(id, tools):
        apart = (
            group for group in groups if all(set(one["breaks"]).isdisjoint(fault["breaks"]) for one in group)
        )
        if (group := next(apart, None)) is not None:
            group.append(fault)
        else:
            groups.append([fault])
    assert [surprise for group in groups for surprise in _find_surprises(id, tools, group)] == []


def _find_surprises(id: str, tools: bool, several: Sequence[dict[str, Any]]) -> list[str]:
    """Return what a whole run lacks or has too much; empty if each fault is as declared.

    Faults that others hide share the next run, or have one each where each hides the others. Where
    something is broken that none declares, both halves are tried.
    """
    report = _verify(id, tools, faults=[fault["name"] for fault in several])
    broken = {contract.partition("/")[0] for contract in ids(report, Verdict.BROKEN)}
    allowed = following(broken)
    for fault in several:
        declared = find("mcp_faults" if tools else "faults", fault["name"])
        allowed |= {*declared.breaks, *declared.also, *fault.get("also", ())}
    surprises = [f"{check} is broken: {_told(report)}" for check in broken - allowed]
    surprises += [note for note in report.footer.notes if "internal" in note]
    missing = {}
    for fault in several:
        caught = match(_list_caught(report, fault["name"]), fault["breaks"])
        if patterns := [pattern for pattern, found in caught if not found]:
            missing[fault["name"]] = patterns
    hidden = [fault for fault in several if fault["name"] in missing]
    if len(several) == 1:
        return [*surprises, *(f"{name} does not break {patterns}" for name, patterns in missing.items())]
    if surprises:
        half = len(several) // 2
        parts = [several[:half], several[half:]]
    elif len(hidden) < len(several):
        parts = [hidden] if hidden else []
    else:
        parts = [[fault] for fault in several]
    return [surprise for part in parts for surprise in _find_surprises(id, tools, part)]


def _variations(row: Row) -> list[Any]:
    return [pytest.param(row.id, name, id=f"{row.id}-{name}") for name in row.several("variation")]


FIRST_VARIATIONS = [cases[0] for row in rows().values() if (cases := _variations(row))]


@pytest.mark.parametrize(("id", "name"), FIRST_VARIATIONS[::6])
def test_variation_of_a_row_breaks_none_of_its_contracts(id: str, name: str) -> None:
    """The contracts that the row names are tried alone: for its own promises and for those it breaks. A run
    with bursts is whole, because this variation's server is busy at first.

    `make matrix` tries every variation of a row, in a whole run.
    """
    row = rows()[id]
    patterns = [*row.several("checks"), *(p for each in row.several("fault") for p in each["breaks"])]
    on_rest = [pattern for pattern in patterns if not pattern.endswith("@mcp")]
    only = () if "run" in row.cells else _contracts_of(id, on_rest)
    assert _told(_verify(id, only=only, variations=[name])) == {}


@pytest.mark.matrix
@pytest.mark.parametrize("id", [id for id in ROWS if rows()[id].several("variation")])
def test_variations_of_a_row_break_nothing(id: str) -> None:
    """All of them share a run; where something is found, each is tried alone."""
    names = rows()[id].several("variation")
    if len(names) == 1 or _told(_verify(id, variations=names)):
        assert {name: told for name in names if (told := _told(_verify(id, variations=[name])))} == {}
