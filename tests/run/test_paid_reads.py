"""A read that costs money is not a read for verify: it is made where writes are allowed, by name, and
seldom.
"""

from __future__ import annotations

from dataclasses import replace

from inprocess import Inside, inside, over_tls, verify_sandbox
from language_table import model_of
from loading import change_actions
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.lint.rules.catalogue import unconfirmed_write, writing_get
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.keys import ordinary
from pgagents.verify.plan.options import Options
from verifying import ids

MOST_PAID = 6


def _run(model: Model, options: Options) -> tuple[Report, list[Request]]:
    """Verify the mock, and return the calls that it charged for."""
    opened = inside(model)
    answered, paid = over_tls(opened.sandbox.handler), []

    def handler(request: Request) -> Response | Silence:
        answer = answered(request)
        if request.path == "/spelling" and isinstance(answer, Response) and answer.status == 200:
            paid.append(request)
        return answer

    keys = opened.keys if options.allow_writes else {**opened.keys, "main": _mint_live(opened)}
    return verify_sandbox(model, opened, options, keys=keys, handler=handler), paid


def _mint_live(opened: Inside) -> str:
    """Return a key that works and whose prefix marks no key of test mode."""
    keyring = opened.sandbox.front.keyring
    return keyring.mint(replace(ordinary(keyring), id="key_live", mode="live"))


def _anonymous() -> Model:
    """The catalogue whose author did not say that verify may make the call."""
    return change_actions(
        model_of("reads-that-cost"), lambda a: replace(a, may_name_none=a.may_name_none and not a.costs)
    )


def test_paid_read_is_made_a_few_times_where_writes_are_allowed() -> None:
    report, paid = _run(model_of("reads-that-cost"), Options(seed=0, allow_writes=True))
    assert 0 < len(paid) <= MOST_PAID
    assert not report.findings


def test_paid_read_is_not_made_unless_somebody_named_it() -> None:
    report, paid = _run(_anonymous(), Options(seed=0, allow_writes=True))
    assert paid == []
    left_out = [r for r in report.results if r.verdict is Verdict.NOT_SELECTED]
    assert any("--allow check_spelling" in r.reason for r in left_out)
    assert not ids(report, Verdict.UNTESTED)
    _, paid = _run(_anonymous(), Options(seed=0, allow_writes=True, allow=("check_spelling",)))
    assert 0 < len(paid) <= MOST_PAID


def test_paid_read_is_not_made_with_a_key_that_only_reads() -> None:
    report, paid = _run(model_of("reads-that-cost"), Options(seed=0))
    assert paid == []
    assert "response_schema/200/list_notes@rest" in ids(report, Verdict.KEPT)
    assert "response_schema/200/check_spelling@rest" not in ids(report, Verdict.KEPT)


def test_paid_read_is_asked_about_and_no_rule_wants_another_method() -> None:
    model = model_of("reads-that-cost")
    assert [hit.message for hit in writing_get.RULE.find(model)] == []
    bare = replace(
        model, actions=tuple(replace(a, confirm_body=None) if a.costs else a for a in model.actions)
    )
    surfaces = {
        name: replace(s, actions=tuple(bare.actions[model.actions.index(a)] for a in s.actions))
        for name, s in model.surfaces.items()
    }
    hits = [hit.message for hit in unconfirmed_write.RULE.find(replace(bare, surfaces=surfaces))]
    assert hits == ["`check_spelling` costs money, but no text asks the user first"]
