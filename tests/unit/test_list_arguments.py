"""Pages are cut where a server that forgets an argument would go on otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pgagents.verify.checks.rest.pagination import choose_size


@pytest.mark.parametrize(
    ("whole", "usual", "size"),
    [
        ("abc", "abc", None),  # nothing differs
        ("a", "abc", None),  # one item is not a list in pages
        ("abX", "ab", 2),  # an item more, at the end
        ("Xab", "ab", 1),  # behind as many items, the list without the argument lacks one
        ("ac", "abc", 1),  # an item less
        ("cba", "abc", 2),  # turned round
        ("abcdefghij", "jihgfedcba", 9),
    ],
)
def test_first_page_ends_before_a_difference(whole: str, usual: str, size: int | None) -> None:
    assert choose_size(whole, usual) == size


def test_list_is_not_cut_into_too_many_pages() -> None:
    usual: Sequence[int] = [0, *range(2, 40)]
    assert choose_size([0, 1, *range(2, 40)], usual) is None
