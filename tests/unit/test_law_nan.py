"""A comparison with NaN is false whatever the server answered, so that it is never a finding."""

from __future__ import annotations

import pytest

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.expression import compile as compile_law
from pgagents.catalogue.model.action import Law
from pgagents.verify.laws import evaluate_law
from test_law_places import LAW
from test_loader import SMALL, faults, swap


def judge(text: str, response: object) -> tuple[str, str]:
    held = evaluate_law(
        Law("one", compile_law(text, ["response"]), None, (), ()), Scope({"response": response})
    )
    return held.outcome, held.why


DATES = {
    "due": "2026-01-02",
    "at": "2026-01-01T00:00:00Z",
    "items": [{"on": "2026-01-02"}],
    "total": "many",
    "none": None,
}
DATE = "epoch takes a date-time with an offset, and got '2026-01-02'"
NAN = {
    "epoch(response.due) == epoch(response.at) + 86400.0": DATE,
    "has(response.at) && epoch(response.due) > 1.0": DATE,
    "response.items.all(one, epoch(one.on) > 1.0)": DATE,
    "response.items.exists(one, epoch(one.on) > 1.0)": DATE,
    "cents(response.total) == 500.0": "cents takes an amount up to 10^12, and got 'many'",
    'sum_of(response.items, "on") == 5.0': "sum_of takes other values, and got",
}


@pytest.mark.parametrize("text", NAN)
def test_a_law_with_nan_is_not_broken(text: str) -> None:
    outcome, why = judge(text, DATES)
    assert outcome == "error"
    assert why.startswith(NAN[text])


@pytest.mark.parametrize(
    "text",
    [
        "epoch(response.at) > epoch(response.at) + 1.0",
        "response.items.all(one, epoch(one.on + 'T00:00:00Z') < 1.0)",
        "response.due == response.at && epoch(response.due) > 1.0",
        "cents(response.none) == 500.0",
    ],
)
def test_a_false_law_without_nan_is_broken(text: str) -> None:
    assert judge(text, DATES)[0] == "broken"


def test_a_law_that_takes_the_epoch_of_a_date_is_refused_before_a_run() -> None:
    dated = swap(SMALL, "id: {type: string}", "id: {type: string, format: date}")
    law = "long-enough: 'response.books.all(b, epoch(b.id) > 1.0)'\n"
    found = faults(swap(dated, LAW, law))
    assert any(
        "`epoch` takes a date-time with an offset, and `b.id` is a date" in one.message for one in found
    )
