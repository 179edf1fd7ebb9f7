"""Equal evidence makes the same findings, however many shards a run has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.answers import ErrorReader
from pgagents.report.causes import UNLISTED
from pgagents.report.contract import Contract, Verdict
from pgagents.report.formats import json as as_json
from pgagents.report.merge import Part, merge
from pgagents.report.read import read
from pgagents.report.report import ELSEWHERE, Finding, Report, Result
from pgagents.verify.judgement import Judgement, judge_broken
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redact import Redactor
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import catalogue
from test_report import ALL, SOURCE, report

ACTIONS = ("find", "make", "drop")
CHECKS = (
    "law", "response_schema", "no_crashes", "documented_status", "invalid_input", "honours_manifest",
    "agent_response_limits",
)  # fmt: skip
CLAIMS = (
    "response.items.0.price is 'x'", "response.total is 3", "answered 500: Internal", "lost: [1]",
    "the body: 'a' is a required property", "404", "the status 404 is not listed: it answered 404",
)  # fmt: skip
BODIES = ({"error": {"code": "GONE"}}, {"detail": "no such row"}, {"detail": "KeyError: 'a'"}, {})
LIMITS = catalogue().limit_reader


@dataclass(frozen=True)
class Fault:
    """An exchange that breaks contracts of one action."""

    action: str
    status: int
    body: int
    why: str
    intent: str
    broken: tuple[tuple[str, str, bool, bool], ...]
    """The check, the claim, whether the contract is derived, and whether only a guess says it."""


COPIES = ("honours_manifest", "agent_response_limits")
"""The checks whose contracts may be derived. The key of their causes names the claim, as merging needs."""
broken = st.one_of(
    st.tuples(st.sampled_from(CHECKS), st.sampled_from(CLAIMS), st.just(False), st.booleans()),
    st.tuples(st.sampled_from(COPIES), st.sampled_from(CLAIMS), st.just(True), st.booleans()),
)
faults = st.lists(
    st.builds(
        Fault,
        st.sampled_from(ACTIONS),
        st.sampled_from((200, 400, 404, 500)),
        st.integers(0, len(BODIES) - 1),
        st.sampled_from(("an ordinary call", "to have a note", "text is too long", "no key")),
        st.sampled_from(("valid", "clean", "invalid")),
        st.lists(broken, min_size=1, max_size=3).map(tuple),
    ),
    max_size=7,
)


def contract(fault: Fault, at: int, number: int) -> Contract:
    check = fault.broken[number][0]
    id = f"{check}/kind{at % 2}/{at}.{number}/{fault.action}@rest"
    return Contract(id, check, fault.action, "rest", "it is right", ("actions", fault.action))


def exchange(fault: Fault, at: int) -> Exchange:
    call = Call(None, {}, fault.intent, fault.why)
    return Exchange(
        at + 1,
        call,
        {},
        Request("GET", f"/{fault.action}"),
        Response(fault.status, (), json_bytes(BODIES[fault.body])),
        seconds=0.0,
        sent_at=0.0,
        codes={},
        errors=ErrorReader({}, "error.code"),
        limits=LIMITS,
    )


def find(several: list[Fault], actions: frozenset[str]) -> tuple[Finding, ...]:
    """Return the findings of a run that tries these actions alone."""
    every = [(f, at, n) for at, f in enumerate(several) for n in range(len(f.broken))]
    ledger = Ledger.of(contract(*one) for one in every)
    for fault, at, number in every:
        if fault.action not in actions:
            continue
        _, claim, derived, odd = fault.broken[number]
        id = contract(fault, at, number).id
        unlisted = UNLISTED if claim.startswith(("404", "the status 404")) else ""
        said: Judgement = replace(judge_broken(id, "right", claim), derived=derived, claim=unlisted)
        ledger.add(said, [exchange(fault, at)], None, None)
        entry = ledger.entries[id].broken
        assert entry is not None
        entry.odd = odd
    redactor = Redactor({}, ())
    return tuple(map(redactor.finding, ledger.findings()))


def shard(folder: Path, several: list[Fault], number: int, count: int) -> Part:
    """Return the report of a shard, read from its file. The actions take turns."""
    actions = frozenset(ACTIONS[number - 1 :: count])
    base = report(ALL)
    results = tuple(
        Result(contract(fault, at, n), Verdict.NOT_SELECTED, ELSEWHERE)
        if fault.action not in actions
        else Result(contract(fault, at, n), Verdict.ODD if fault.broken[n][3] else Verdict.BROKEN)
        for at, fault in enumerate(several)
        for n in range(len(fault.broken))
    )
    counts = Counter(result.verdict for result in results)
    one: Report = replace(
        base,
        header=replace(base.header, shard=(number, count), contracts=len(results)),
        findings=find(several, actions),
        results=results,
        footer=replace(base.footer, by_verdict={v: counts[v] for v in Verdict}),
        stale=(),
    )
    path = folder / f"{number}.json"
    path.write_bytes(as_json.render(one, SOURCE))
    return Part(path.name, *read(path))


def group(findings: tuple[Finding, ...]) -> set[tuple[str, frozenset[str]]]:
    found = [(f.severity, frozenset((f.contract.id, *f.also))) for f in findings]
    assert len({id for _, ids in found for id in ids}) == sum(1 + len(f.also) for f in findings)
    return set(found)


@pytest.mark.matrix
@given(faults, st.integers(1, len(ACTIONS)))
@settings(max_examples=150, deadline=None)
def test_shards_find_the_causes_of_the_whole_run(several: list[Fault], count: int) -> None:
    whole = find(several, frozenset(ACTIONS))
    with TemporaryDirectory() as folder:
        parts = [shard(Path(folder), several, n, count) for n in range(1, count + 1)]
    merged, _ = merge(parts)
    assert group(merged.findings) == group(whole)
    assert not [f for f in merged.findings if f.causes is not None]


def test_an_error_code_and_the_kind_of_call_tell_causes_apart() -> None:
    """The report has neither the code's member nor the kind of a call, so the shard names the cause."""
    one = Fault("find", 400, 0, "an example", "invalid", (("documented_status", CLAIMS[3], False, False),))
    for other in (replace(one, action="make", body=1), replace(one, action="make", intent="valid")):
        assert len(group(find([one, other], frozenset(ACTIONS)))) == 2
        with TemporaryDirectory() as folder:
            parts = [shard(Path(folder), [one, other], n, 2) for n in (1, 2)]
            assert len(merge(parts)[0].findings) == 2


def test_a_derived_contract_of_another_shard_joins_what_explains_it() -> None:
    crash = Fault("find", 500, 3, "no key", "invalid", (("no_crashes", CLAIMS[2], False, False),))
    copy = replace(crash, action="make", broken=(("honours_manifest", CLAIMS[2], True, False),))
    with TemporaryDirectory() as folder:
        merged, _ = merge([shard(Path(folder), [crash, copy], n, 2) for n in (1, 2)])
    (found,) = merged.findings
    assert (found.contract.check, len(found.also)) == ("no_crashes", 1)
    assert found.also_curl.keys() == set(found.also)


def test_a_status_that_a_vendors_document_lacks_too_is_in_the_finding_of_that_status() -> None:
    lacking, actions = "the status 404 is not listed: it answered 404", frozenset(ACTIONS)
    own = Fault("find", 404, 3, "no key", "valid", (("documented_status", "404", False, False),))
    other = replace(own, action="make", body=1)
    copies = [replace(one, broken=(("honours_manifest", lacking, True, False),)) for one in (own, other)]
    several = [own, other, *copies, replace(copies[0], action="drop")]
    with TemporaryDirectory() as folder:
        merged, _ = merge([shard(Path(folder), several, n, 2) for n in (1, 2)])
    for findings in (find(several, actions), merged.findings):
        grouped = sorted(sorted(id.partition("/")[0] for id in ids) for _, ids in group(findings))
        assert grouped == [["documented_status", "honours_manifest"]] * 2 + [["honours_manifest"]]


def test_a_whole_run_stores_no_causes() -> None:
    """They are for merging shards alone."""
    one = replace(
        report(ALL),
        findings=find(
            [Fault("find", 500, 3, "no key", "valid", (("law", CLAIMS[1], False, False),))],
            frozenset(ACTIONS),
        ),
    )
    assert b'"causes"' not in as_json.render(one, SOURCE)
