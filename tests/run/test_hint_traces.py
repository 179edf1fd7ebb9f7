"""Events and rows of the audit are part of what a hint's trial observes: those of a change, and no others."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from lengths import in_company, rarely, share
from letters_api import KEY, Letters, verify_hints
from letters_api import model as letters_model
from pgagents.report.contract import Verdict
from pgagents.report.formats.text import render
from pgagents.report.report import Report
from pgagents.verify.wire.receiver import Inbox
from telling_letters import LEGAL, OPERATOR, WRONG, Telling, telling_model
from verifying import ids

READ, IDEMPOTENT = "hint_read_only", "hint_idempotent"
FOUND_BY = {
    "read-tells-of-a-change": (f"{READ}/read_letter@rest", "an event letter.updated came"),
    "list-tells-of-an-archiving": (f"{READ}/list_letters@rest", "an event letter.archived came"),
    "tag-again-tells-again": (f"{IDEMPOTENT}/tag_letter@rest", "an event letter.updated came"),
    "archive-again-tells-again": (f"{IDEMPOTENT}/archive_letter@rest", "an event letter.archived came"),
    "read-records-a-label": (f"{READ}/read_letter@rest", "the audit has a row of label_letter"),
    "list-records-a-removal": (f"{READ}/list_letters@rest", "the audit has a row of delete_letter"),
    "archive-again-records-a-label": (f"{IDEMPOTENT}/archive_letter@rest", "the audit has a row of label"),
    "write-again-tells-again": (f"{IDEMPOTENT}/write_letter@rest", "an event letter.written came"),
}
HABITS = frozenset(("expiring-letters", "counters-of-others"))


def _verify(
    wrong: Sequence[str] = (),
    *,
    seed: int = 0,
    receiver: bool = True,
    operator: bool = True,
    within_s: int | None = None,
) -> tuple[Report, Telling]:
    inbox = Inbox("http://127.0.0.1:9/in")
    letters = Letters(habits=HABITS & set(wrong), rng=random.Random(seed))
    server = Telling(frozenset(wrong), letters, lambda url, body: _post(inbox, url, body))
    keys = {"main": KEY, **({"operator": OPERATOR} if operator else {})}
    heard_by, wait = inbox if receiver else None, server.wait
    return verify_hints(telling_model(within_s), server, keys, heard_by, seed=seed, wait=wait), server


def _post(inbox: Inbox, url: str, body: bytes) -> None:
    inbox.take(urlsplit(url).path, (), body, 0.0)


def test_right_server_keeps_every_hint_and_no_hook_is_left() -> None:
    report, server = _verify()
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert {contract for contract, _ in FOUND_BY.values()} <= set(ids(report, Verdict.KEPT))
    assert server.told > 0
    assert server.hooks == {}


@pytest.mark.parametrize("name", share(WRONG, 2))
def test_what_tells_of_a_change_that_no_call_made_breaks_the_hint(name: str) -> None:
    report, _ = _verify([name])
    contract, words = FOUND_BY[name]
    found = {f.contract.id: f.actual for f in report.findings}
    assert set(found) == {contract}, found
    assert words in found[contract]


TOGETHER = 3
"""So many legal ways of telling share a run; each seed gives them other company."""


@pytest.mark.parametrize("seed", rarely(range(10), 0))
@pytest.mark.parametrize("group", range(-(-len(LEGAL) // TOGETHER)))
def test_legal_ways_of_telling_are_not_reported(group: int, seed: int) -> None:
    """Where a group is reported, each way is tried alone."""
    names = in_company(LEGAL, TOGETHER, seed)[group]
    if not _verify(names, seed=seed)[0].findings:
        return
    alone = {name: _verify([name], seed=seed)[0].findings for name in names}
    assert {name: [(f.contract.id, f.actual) for f in found] for name, found in alone.items() if found} == {}


@pytest.mark.parametrize("name", rarely(sorted(LEGAL), min(LEGAL)))
def test_no_legal_way_of_telling_alone_is_reported(name: str) -> None:
    """In company a way may leave a hint untested that another way would break."""
    report, _ = _verify([name])
    assert [(f.contract.id, f.actual) for f in report.findings] == []


def test_late_and_repeated_news_of_all_calls_hide_no_wrong_news() -> None:
    """A server with every legal habit of deliveries is still found wrong."""
    habits = ["delivered-thrice", "log-of-all-calls", "events-of-reading", "put-is-told-again"]
    for name in ("read-tells-of-a-change", "archive-again-tells-again"):
        report, _ = _verify([name, *habits])
        assert FOUND_BY[name][0] in ids(report, Verdict.BROKEN)


@pytest.mark.parametrize(
    ("name", "receiver", "operator"),
    [("read-tells-of-a-change", False, True), ("read-records-a-label", True, False)],
)
def test_without_a_receiver_or_the_operators_key_that_part_is_not_looked_at(
    name: str, receiver: bool, operator: bool
) -> None:
    report, server = _verify([name], receiver=receiver, operator=operator)
    assert report.findings == ()
    assert server.told > 0
    other, _ = _verify([name], receiver=not receiver, operator=not operator)
    assert FOUND_BY[name][0] in ids(other, Verdict.BROKEN)


def test_reason_of_a_hint_that_is_not_shown_says_where_the_run_does_not_look() -> None:
    """The hook can be added and removed, and no action reads it."""
    contract, says = f"{IDEMPOTENT}/remove_hook@rest", "not shown: no action reads what it writes"
    events, audit = (
        "; events are not heard (--receiver)",
        "; the audit is not read (--identity operator=ENVVAR)",
    )
    for receiver, operator in ((True, True), (False, True), (True, False), (False, False)):
        report, _ = _verify(receiver=receiver, operator=operator)
        (reason,) = (r.reason for r in report.results if r.contract.id == contract)
        assert reason == says + ("" if receiver else events) + ("" if operator else audit)


def test_kept_hint_says_where_nobody_looked() -> None:
    events = "events were not looked at: no receiver listens (--receiver)"
    audit = "the audit was not looked at: it needs --identity operator=ENVVAR"
    kept = (f"{READ}/read_letter@rest", f"{IDEMPOTENT}/tag_letter@rest")
    for receiver, operator in ((True, True), (False, True), (True, False), (False, False)):
        report, _ = _verify(receiver=receiver, operator=operator)
        reasons = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.KEPT}
        told = "; ".join([*([] if receiver else [events]), *([] if operator else [audit])])
        assert {reasons[contract] for contract in kept} == {told}
        mild = {reason for contract, reason in reasons.items() if contract.startswith("hint_not_destructive")}
        assert mild == {""}, "what was readable is seen by reads"
        text = " ".join(render(report, telling_model().source, why=True).split())
        assert told in text
        assert ("not looked at" in text) == bool(told)
        brief = render(report, telling_model().source)
        assert "was not looked at:" not in brief
        (short,) = re.findall(r"promises? kept(?:, (\d+) of them in part)?", brief)
        assert int(short or 0) == (sum(map(bool, reasons.values())) if told else 0)


def test_kept_hint_says_that_its_webhook_or_the_audits_list_was_refused() -> None:
    report, _ = _verify(["no-hooks", "no-log"])
    (reason,) = (r.reason for r in report.results if r.contract.id == f"{READ}/read_letter@rest")
    assert reason == (
        "events were not looked at: the webhook was not accepted; "
        "the audit was not looked at: it could not be listed"
    )


def test_kept_hint_of_a_catalogue_without_events_and_audit_says_so() -> None:
    report = verify_hints(letters_model(), Letters(), {"main": KEY}, None, seed=0)
    kept = [r for r in report.results if r.verdict is Verdict.KEPT and r.contract.check in (READ, IDEMPOTENT)]
    reasons = {r.reason for r in kept}
    none = "the catalogue declares none"
    assert reasons == {f"events were not looked at: {none}; the audit was not looked at: {none}"}


@pytest.mark.parametrize(("written", "seconds"), [(None, 0.5), (2, 2.0), (60, 5.0)])
def test_events_are_awaited_as_long_as_the_catalogue_says_within_bounds(
    written: int | None, seconds: float
) -> None:
    """The event of a read comes 1.5 seconds after it."""
    report, _ = _verify(["read-tells-of-a-change", "slow-events"], within_s=written)
    assert (FOUND_BY["read-tells-of-a-change"][0] in ids(report, Verdict.BROKEN)) == (seconds > 1.5)
