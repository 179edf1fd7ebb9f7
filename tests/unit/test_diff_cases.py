"""Changed test cases of a plugin concern its reviewers alone."""

from __future__ import annotations

import pytest

from offering import CASES, shop
from pgagents.diff.compare import compare


def test_the_same_cases_are_no_change() -> None:
    assert list(compare(shop(), shop())) == []


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [
        ("positive__find_a_kettle__prompt", "Have you a kettle?", "find_a_kettle"),
        ("positive__few_products__expect", ["size(response.products) <= 1"], "few_products"),
        ("negative__use_a_voucher__not_offered", ["voucher"], "use_a_voucher"),
        ("negative__order_unasked__asks_first", "cancel_order", "order_unasked"),
    ],
)
def test_another_case_is_a_matter_of_wording(place: str, value: object, name: str) -> None:
    changed = shop(**{f"surfaces__openai__cases__{place}": value})
    found = [(change.severity, change.message) for change in compare(shop(), changed)]
    assert found == [("wording", f"a store's reviewer tries other test cases: {name}")]


def test_cases_that_are_gone_are_named() -> None:
    without = shop(surfaces__openai__cases=None)
    (change,) = compare(shop(), without)
    assert change.severity == "wording"
    assert all(name in change.message for name in (*CASES["positive"], *CASES["negative"]))
