"""A law that does not hold names the pair or the item that breaks it, and what was computed."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.cel import expression
from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.action import Law
from pgagents.report.contract import Verdict
from pgagents.verify.laws import witness
from verifying import model, run

ITEMS = [{"id": "a", "price": 1.5, "n": 1}, {"id": "b", "price": 3, "n": 2}, {"id": "a", "price": 2, "n": 0}]
VALUES: dict[str, Any] = {
    "input": {"limit": 2, "kind": "x"},
    "response": {
        "items": ITEMS,
        "total": 26.99,
        "sub": 30.0,
        "none": [],
        "gone": None,
        "word": "no",
        "place": {"lat": 1.0, "lng": 2.0},
    },
    "status": 200,
    "before": None,
}
LAWS = {
    "response.gone == input.kind": "input.kind = x; response.gone is null",
    "response.none == response.items.map(i, i.n)": (
        "response.none is [] and response.items.map(i, i.n) is [1.0, 2.0, 0.0]"
    ),
    "(before != null) == (response.total > 5.0)": (
        "response.total = 26.99; before != null is false and response.total > 5.0 is true"
    ),
    'sorted_by(response.items, "price")': "response.items[1].price is 3, and response.items[2].price is 2",
    'sorted_down_by(response.items, "n")': "response.items[0].n is 1, and response.items[1].n is 2",
    'unique_by(response.items, "id")': "response.items[0].id is 'a', and response.items[2].id is 'a'",
    'sorted_by(response.items.map(i, {"at": i.price * 2.0}), "at")': "items[1].at is 6, and items[2].at is 4",
    "response.items.all(i, i.n > 0.0)": "response.items[2]: i.n = 0",
    "response.items.all(i, i.price >= 1.5 && i.n * 2.0 <= "
    "i.price)": "response.items[0]: i.n = 1, i.price = 1.5; i.n * 2.0 is 2",
    "response.items.exists(i, i.n > 5.0)": "it holds of none of the 3 items of response.items",
    "cents(response.total) == cents(response.sub * 0.9)": (
        "response.total = 26.99, response.sub = 30.0; cents(response.total) is 2699 and "
        "cents(response.sub * 0.9) is 2700"
    ),
    "near(response.total, response.sub * 0.9, "
    "0.001)": "response.total = 26.99, response.sub = 30.0; response.sub * 0.9 is 27",
    "size(response.items) <= input.limit": "input.limit = 2; size(response.items) is 3",
    '(status == 200 ? response.word == "yes" : true)': "response.word = no",
    "status == 200 && (response.total > 27.0)": "response.total = 26.99",
    "response.total > 27.0 || response.sub > 31.0": "response.total = 26.99, response.sub = 30.0",
}


@pytest.mark.parametrize("text", LAWS)
def test_witness_of_a_broken_law(text: str) -> None:
    scope = Scope(VALUES)
    that = expression.compile(text, VALUES)
    assert not scope.holds(that)
    assert witness(Law("law", that, None, ("laws",), ()), scope) == LAWS[text]


def test_witness_is_short_whatever_the_values_are() -> None:
    long = {**VALUES, "response": {"a": "x" * 5_000, "b": "y" * 5_000}}
    law = Law("law", expression.compile("response.a + response.b == response.b", long), None, ("laws",), ())
    assert 0 < len(witness(law, Scope(long))) <= 400


def test_finding_of_an_unsorted_list_names_the_pair() -> None:
    one = run(model(), faults=["search-unsorted"], only=("law/nearest-first",), enough=1)
    said = next(f.actual for f in one.findings if f.contract.check == "law")
    assert said.startswith("nearest-first does not hold: response.lots[")
    assert ".distance_km is " in said


@pytest.mark.matrix
def test_what_one_wrong_member_breaks_is_one_finding() -> None:
    one = run(model(), faults=["money-rounded-down"])
    assert len(one.findings) == 1
    assert {id.split("/")[0] for id in one.findings[0].also} >= {"law", "response_schema", "honours_manifest"}
    broken = [r.contract.id for r in one.results if r.verdict is Verdict.BROKEN]
    assert sorted(broken) == sorted((one.findings[0].contract.id, *one.findings[0].also))
