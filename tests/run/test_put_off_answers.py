"""A call that the server puts off, or does not answer, shows nothing: no promise is kept or broken by it, nor
found not to apply.
"""

from __future__ import annotations

from typing import Any

import pytest

from inprocess import inside, verify_sandbox
from language_table import model_of
from pgagents.base.http import Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from pgagents.verify.run.sender import Sender
from pgagents.verify.run.transmission import Received
from pgagents.verify.wire.exchange import Exchange
from verifying import ROOT, list_writes, model

SLOW_DOWN = Response(429, (("Content-Type", "application/json"),), b'{"detail": "slow down"}')
ANSWERS = {"429": SLOW_DOWN, "no answer": Silence("timeout", "10 s")}
READ = "notes hint_read_only/get_note@rest"
RACE = "shop concurrent_calls/once/order/cancel_order@rest"
LATER = [
    # a catalogue and a contract; the purpose of the calls that are put off, which of them (0: all), and the
    # fault that they would show
    ("filter-by-name filters_apply/kind/list_notes@rest", "kind ", 0, "argument-without-a-law-ignored"),
    ("change-of-the-whole put_replaces/change_note@rest", "without ", 0, "put-merges"),
    ("pages-of-one-list list_totals/list_notes@rest", "with its total", 0, "total-of-the-page"),
    ("if-match partial_changes/named/change_note@rest", " alone", 0, "patch-forgets-a-member"),
    ("notes hint_idempotent/change_note@rest", "the same call once more", 0, "equal-change-appended"),
    ("notes hint_not_destructive/create_note@rest", "a call that only adds", 2, ""),
    (READ, "a call that only reads", 0, "read-marks-what-it-shows"),
    ("notes key_authentication/either_case/list_notes@rest", "the call without a key", 0, ""),
    ("nested nesting/elsewhere/comment/remove_comment@rest", "after a write", 0, "parent-ignored-by-writes"),
    ("tickets state_transitions/order/refunded/refund_order@rest", "after what was refused", 0, ""),
    ("tickets state_transitions/order/paid/refund_order@rest", "after refund_order", 0, ""),
    (RACE, "of the same order again", 0, "repeats-both-done"),
    (RACE, "with the values that were refused", 0, "repeats-both-done"),
    ("tickets audit_trail/unchanged@rest", "the rows of the audit", 2, ""),
    ("documents oauth_lifetimes/access_ends@rest", "time passes", 2, ""),
]


def of(name: str) -> Model:
    path = ROOT / "tests" / "catalogues" / f"{name}.yaml"
    return model(path) if path.exists() else model_of(name)


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize(("which", "why", "number", "fault"), LATER)
def test_a_call_that_was_put_off_decides_nothing(
    which: str, why: str, number: int, fault: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, contract = which.split()
    met, send = list[str](), Sender.send

    def put_off(self: Sender, ready: Any, *given: Any, **more: Any) -> Exchange:
        met.extend([ready.call.why] if why in ready.call.why else [])
        if why not in ready.call.why or number not in (0, len(met)):
            return send(self, ready, *given, **more)
        request = self.maker.make(ready)[0]
        now = self.clocks.now()
        return self.rebuild(ready, Received(request, ANSWERS[kind], 0.0, now, self.budget.sent))

    monkeypatch.setattr(Sender, "send", put_off)
    api = of(name)
    opened = inside(api, faults=(fault,) if fault else ())
    writes = list_writes(api)
    options = Options(only=(contract,), allow_writes=True, exclusive=True, allow=writes)
    report = verify_sandbox(api, opened, options)
    (found,) = (r for r in report.results if r.contract.id == contract)
    assert len(met) >= max(number, 1), "nothing was put off"
    assert (found.verdict, found.excused) == (Verdict.UNTESTED, False), found
