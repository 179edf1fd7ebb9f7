"""`verify --lost-answers` counts events, rows of the audit and totals, and no legal way of telling."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inprocess import inside, over_tls, verify_sandbox
from lengths import in_company, rarely
from letters_api import KEY, Letters, verify_hints
from loading import load_once
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.receiver import Inbox
from telling_letters import LEGAL, OPERATOR, Telling, telling_model
from verifying import ids

SAME = "repeated_calls/same_call"
HABITS = frozenset(("expiring-letters", "counters-of-others"))
FOUND = {
    "tag-again-tells-again": (f"{SAME}/tag_letter@rest", "an event letter.updated came"),
    "archive-again-tells-again": (f"{SAME}/archive_letter@rest", "an event letter.archived came"),
    "archive-again-records-a-label": (f"{SAME}/archive_letter@rest", "the audit has a row of label"),
    "write-again-tells-again": (f"{SAME}/write_letter@rest", "an event letter.written came"),
}


def repeat(
    wrong: Sequence[str] = (), *, seed: int = 0, receiver: bool = True, operator: bool = True
) -> Report:
    """Verify repeated calls of a server of letters, which tells of changes."""
    inbox = Inbox("http://127.0.0.1:9/in")
    letters = Letters(habits=HABITS & set(wrong), rng=random.Random(seed))

    def post(url: str, body: bytes) -> None:
        inbox.take(urlsplit(url).path, (), body, 0.0)

    server = Telling(frozenset(wrong), letters, post)
    keys = {"main": KEY, **({"operator": OPERATOR} if operator else {})}
    heard = inbox if receiver else None
    return verify_hints(
        telling_model(), server, keys, heard, seed=seed, wait=server.wait, only="repeated_calls/"
    )


def test_right_server_tells_once() -> None:
    report = repeat()
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert {contract for contract, _ in FOUND.values()} <= set(ids(report, Verdict.KEPT))
    assert {r.reason for r in report.results if r.verdict is Verdict.KEPT} == {""}


@pytest.mark.parametrize("name", FOUND)
def test_repeat_that_tells_again_is_found(name: str) -> None:
    contract, words = FOUND[name]
    found = {f.contract.id: f.actual for f in repeat([name]).findings}
    assert set(found) == {contract}, found
    assert words in found[contract]


TOGETHER = 3
"""So many legal ways of telling share a run; each seed gives them other company."""


@pytest.mark.parametrize("seed", rarely(range(10), 0))
@pytest.mark.parametrize("group", range(-(-len(LEGAL) // TOGETHER)))
def test_legal_ways_of_telling_are_no_second_effect(group: int, seed: int) -> None:
    """Where a group is reported, each way is tried alone."""
    names = in_company(LEGAL, TOGETHER, seed)[group]
    if not repeat(names, seed=seed).findings:
        return
    alone = {name: repeat([name], seed=seed).findings for name in names}
    assert {name: [(f.contract.id, f.actual) for f in found] for name, found in alone.items() if found} == {}


def test_what_is_not_counted_stands_in_the_reason() -> None:
    report = repeat(["write-again-tells-again"], receiver=False, operator=False)
    (reason,) = (r.reason for r in report.results if r.contract.id == f"{SAME}/write_letter@rest")
    assert reason == (
        "events were not looked at: no receiver listens (--receiver); the audit was not looked at: it needs "
        "--identity operator=ENVVAR"
    )
    assert report.findings == ()


PAYMENTS = Path(__file__).parents[1] / "catalogues/payments.yaml"
TOTAL = "      paid_count: {type: integer, minimum: 0, description: How many payments there are}\n"
KINDS = ("right", "each call", "others pay too")
"""A customer's total grows with each payment, with each call that makes one, or with those of others too."""


def count_payments(kind: str, member: str = "paid_count") -> Report:
    """Repeat the creation of payments on a server whose customers have a total."""
    text = PAYMENTS.read_text("utf-8")
    after = "      updated: {type: integer, minimum: 0, description: When the customer was last changed"
    assert after in text
    of = load_once(text.replace(after, TOTAL.replace("paid_count", member) + after), f"totals of {member}")
    opened = inside(of)
    served = over_tls(opened.sandbox.handler)
    keys: set[str] = set()
    calls = reads = 0

    def handler(request: Request) -> Response:
        nonlocal calls, reads
        answer = served(request)
        assert isinstance(answer, Response)
        if request.method == "POST" and request.path.endswith("/payments") and answer.status == 201:
            calls += 1
            keys.add(request.header("Idempotency-Key") or str(calls))
        elif answer.status == 200 and re.fullmatch(r".*/customers/[^/]+", request.path):
            reads += 1
            total = calls if kind == "each call" else len(keys) + (reads if kind == "others pay too" else 0)
            return answer.with_json({**json.loads(answer.body), member: total})
        return answer

    only = (f"{SAME}/create_payment@rest",)
    return verify_sandbox(of, opened, Options(only=only, lost_answers=True), handler=handler)


def test_total_that_a_repeat_moves_is_odd() -> None:
    report = count_payments("each call")
    (finding,) = report.findings
    assert finding.contract.id == f"{SAME}/create_payment@rest"
    assert "paid_count of the customer in get_customer was" in finding.actual
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("kind", "member"),
    [("right", "paid_count"), ("others pay too", "paid_count"), ("each call", "calls_count")],
)
def test_total_that_the_repeat_does_not_move_is_silent(kind: str, member: str) -> None:
    report = count_payments(kind, member)
    assert [f.actual for f in report.findings] == []
    assert [r.repeat.value for r in report.results if r.repeat is not None] == ["safe by key"]
