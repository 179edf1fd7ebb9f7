"""Wrong calls that are sent two at a time: which, and that nothing is missed by it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest

from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.verify.cases.combined import alone, both, groups
from pgagents.verify.cases.invalid import is_invalid, negatives_of
from pgagents.verify.check.memory import Setting, setting_of
from verifying import PARK_GRAPH, SHOP, URL, ids, keys_of, model, run, sandbox


def setting(of: Model | None = None) -> Setting:
    """What the checks know before a run."""
    return setting_of(of or model(), URL)


def without_a_word() -> Model:
    """Park Graph's catalogue, if it did not say what is named where several arguments are wrong."""
    of = model()
    return replace(of, errors=of.errors.model_copy(update={"field_of_several": None}))


def test_each_wrong_call_is_sent_alone_or_with_one_other():
    known = setting()
    for door in known.doors:
        sent = [one for group in groups(known, door) for one in group]
        assert Counter(map(id, sent)) == Counter(id(n) for n in negatives_of(known, door) if n.tier == 1)
        assert {one.detail for one in sent} == {n.detail for n in negatives_of(known, door)}
        assert {len(group) for group in groups(known, door)} <= {1, 2}


def test_a_pair_is_wrong_in_two_arguments_that_are_read_together():
    known = setting()
    pairs = [(door, group) for door in known.doors for group in groups(known, door) if len(group) > 1]
    assert len(pairs) > 50
    for door, pair in pairs:
        one, other = (door.action.param(n.field.partition(".")[0]) for n in pair)
        assert one is not None
        assert other is not None
        assert one is not other
        assert not door.on_rest or (one.place == other.place and one.place in ("query", "body"))
        call = both(known, door, pair)
        assert call.field == ""
        assert is_invalid(known, call)
        for wrong in pair:
            name = wrong.field.partition(".")[0]
            assert call.input.get(name) == wrong.call.input.get(name)


def test_each_argument_is_wrong_alone_once_and_every_keyword_takes_its_turn():
    known = setting()
    for door in known.doors:
        named = {n.field for n in alone(known, door)}
        assert named == {n.field for n in negatives_of(known, door)}
    keywords = Counter(n.detail.partition("/")[0] for door in known.doors for n in alone(known, door))
    every = {n.detail.partition("/")[0] for door in known.doors for n in negatives_of(known, door)}
    assert every - set(keywords) <= {"maxItems"}


@pytest.mark.parametrize("of", [model(SHOP), without_a_word()], ids=["shop", "without"])
def test_where_an_error_has_no_word_for_several_none_are_sent_together(of):
    known = setting(of)
    assert {len(group) for group in chain.from_iterable(groups(known, door) for door in known.doors)} == {1}


def test_a_server_that_tells_the_first_alone_is_asked_one_by_one_and_judged_as_well():
    keys = {role: key for role, key in keys_of(sandbox(model())[0]).items() if role in ("main", "second")}
    plain, report = (run(model(), faults=faults, keys=keys) for faults in ([], ["first-of-several"]))
    roomy = run(model(), faults=["first-of-several"], keys=keys, max_requests=1_000)  # one by one takes more than the usual budget may have
    assert {r.contract.id.split("/")[1] for r in report.results if r.verdict is Verdict.BROKEN} == {"several"}
    assert ids(roomy, Verdict.UNTESTED) == []
    pairs = sum(len(group) > 1 for door in setting().doors for group in groups(setting(), door))
    assert len(ids(report, Verdict.UNTESTED)) < pairs / 4
    assert 0 < report.footer.requests - plain.footer.requests <= pairs + 2 * len(setting().doors) + 12
    assert "refuses_invalid/maximum/lat/search_parking@dispatcher" in ids(report, Verdict.KEPT)


@pytest.mark.parametrize(
    ("fault", "contract"),
    [
        ("accept-out-of-range", "refuses_invalid/maximum/"),
        ("accept-string-number", "refuses_invalid/type/"),
        ("accept-missing-required", "refuses_invalid/required/"),
    ],
)
def test_what_is_taken_beside_another_wrong_argument_is_found_alone(fault, contract):
    report = run(model(PARK_GRAPH), faults=[fault])
    assert [id for id in ids(report, Verdict.BROKEN) if id.startswith(contract)]
    assert not [id for id in ids(report, Verdict.BROKEN) if id.startswith("refuses_invalid/several/")]
    found = next(f for f in report.findings if f.contract.check == "refuses_invalid")
    assert found.stable is not False
