"""Wrong calls that are sent two at a time: which, and that nothing is missed by it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest

from lengths import rarely
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.combined import alone, both, groups
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.setting import Setting, setting_of
from verifying import PARK_GRAPH, SHOP, URL, ids, keys_of, model, run, sandbox


def setting(of: Model | None = None) -> Setting:
    """Return the setting that checks have before a run."""
    return setting_of(of or model(), URL)


def without_a_word() -> Model:
    """Park Graph's catalogue, if it did not say what is named where several arguments are wrong."""
    of = model()
    return replace(of, errors=of.errors.model_copy(update={"field_of_several": None}))


def test_each_wrong_call_is_sent_alone_or_with_one_other():
    known = setting()
    for endpoint in known.endpoints:
        sent = [one for group in groups(known, endpoint) for one in group]
        assert Counter(map(id, sent)) == Counter(
            id(n) for n in invalid_cases_of(known, endpoint) if n.priority == 1
        )
        assert {one.detail for one in sent} == {n.detail for n in invalid_cases_of(known, endpoint)}
        assert {len(group) for group in groups(known, endpoint)} <= {1, 2}


def test_a_pair_is_wrong_in_two_arguments_that_are_read_together():
    known = setting()
    pairs = [
        (endpoint, group)
        for endpoint in known.endpoints
        for group in groups(known, endpoint)
        if len(group) > 1
    ]
    assert len(pairs) > 50
    for endpoint, pair in pairs:
        one, other = (endpoint.action.param(n.field.partition(".")[0]) for n in pair)
        assert one is not None
        assert other is not None
        assert one is not other
        assert not endpoint.on_rest or (one.place == other.place and one.place in ("query", "body"))
        call = both(known, endpoint, pair)
        assert call.field == ""
        assert is_invalid(known, call)
        for wrong in pair:
            name = wrong.field.partition(".")[0]
            assert call.input.get(name) == wrong.call.input.get(name)


def test_each_argument_is_wrong_alone_once_and_every_keyword_takes_its_turn():
    known = setting()
    for endpoint in known.endpoints:
        named = {n.field for n in alone(known, endpoint)}
        assert named == {n.field for n in invalid_cases_of(known, endpoint)}
    keywords = Counter(
        n.detail.partition("/")[0] for endpoint in known.endpoints for n in alone(known, endpoint)
    )
    every = {
        n.detail.partition("/")[0] for endpoint in known.endpoints for n in invalid_cases_of(known, endpoint)
    }
    assert every - set(keywords) <= {"maxItems"}


@pytest.mark.parametrize("of", [model(SHOP), without_a_word()], ids=["shop", "without"])
def test_where_an_error_has_no_word_for_several_none_are_sent_together(of):
    known = setting(of)
    assert {
        len(group) for group in chain.from_iterable(groups(known, endpoint) for endpoint in known.endpoints)
    } == {1}


@pytest.mark.matrix
def test_a_server_that_tells_the_first_alone_is_asked_one_by_one_and_judged_as_well():
    keys = {role: key for role, key in keys_of(sandbox(model())[0]).items() if role in ("main", "second")}
    plain, report = (run(model(), faults=faults, keys=keys) for faults in ([], ["first-of-several"]))
    roomy = run(
        model(), faults=["first-of-several"], keys=keys, max_requests=1_200
    )  # one by one takes more than the usual budget may have
    assert {r.contract.id.split("/")[1] for r in report.results if r.verdict is Verdict.BROKEN} == {"several"}
    assert ids(roomy, Verdict.UNTESTED) == []
    pairs = sum(len(group) > 1 for endpoint in setting().endpoints for group in groups(setting(), endpoint))
    assert len(ids(report, Verdict.UNTESTED)) < pairs / 4
    assert 0 < report.footer.requests - plain.footer.requests <= pairs + 2 * len(setting().endpoints) + 12
    assert "invalid_input/maximum/lat/search_parking@dispatcher" in ids(report, Verdict.KEPT)


@pytest.mark.parametrize(
    ("fault", "contract"),
    [
        ("accept-out-of-range", "invalid_input/maximum/"),
        *rarely(
            [
                ("accept-string-number", "invalid_input/type/"),
                ("accept-missing-required", "invalid_input/required/"),
            ]
        ),
    ],
)
def test_what_is_taken_beside_another_wrong_argument_is_found_alone(fault, contract):
    report = run(model(PARK_GRAPH), faults=[fault], only=("invalid_input/",))
    assert [id for id in ids(report, Verdict.BROKEN) if id.startswith(contract)]
    assert not [id for id in ids(report, Verdict.BROKEN) if id.startswith("invalid_input/several/")]
    found = next(f for f in report.findings if f.contract.check == "invalid_input")
    assert found.stable is not False
