"""Empty pages at the end of a list show that no end comes, or are left over from a filter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.cases.page_walk import Walk
from pgagents.verify.cases.paging import Page
from pgagents.verify.lists import PageRequest


def _pages(*cursors: str) -> list[Page]:
    """Return one page with an item, and an empty one for each of the cursors that these announce."""
    items: list[list[Any]] = [[{"id": "n-1"}], *([] for _ in cursors)]
    following = [PageRequest({"cursor": cursor}) for cursor in ("first", *cursors)]
    return [Page(each, more, cast(Any, None)) for each, more in zip(items, following, strict=True)]


@pytest.mark.parametrize(
    ("cursors", "whole", "endless"),
    [
        (["a"], True, 0),
        (["a", "b"], True, 0),
        (["a", "b", "c"], True, 3),
        (["a", "b", "c"], False, 0),
        (["a", "a"], False, 2),
        (["a", "b", "b"], False, 3),
        (["b", "b", "c"], False, 0),
    ],
)
def test_three_other_pages_or_two_that_announce_the_same_one_are_endless(
    cursors: list[str], whole: bool, endless: int
) -> None:
    trial = cast(Any, SimpleNamespace(setting=SimpleNamespace(exclusive=True)))
    walk = Walk(trial, cast(Any, None), {}, there=[{"id": "n-1"}], every=whole)
    assert walk._count_endless(_pages(*cursors), walked=1) == endless
