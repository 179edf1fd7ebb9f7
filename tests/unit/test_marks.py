"""Only a value that a run chose itself can name an instance that did not exist before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.fixtures.instance import is_random_id
from pgagents.verify.fixtures.marks import Marks, number_mark
from pgagents.verify.fixtures.unanswered_creates import UnansweredCreates

MARKS = Marks("0123456789abcdef")
SENDING_ALL = SimpleNamespace(compute_once=lambda *_: frozenset(("id", "text")))
"""A setting whose calls send every member of an item."""


def _any(_value: object) -> bool:
    return True


@pytest.mark.parametrize("kind", ["text", "slug", "int", "uuid"])
def test_a_fresh_value_cannot_be_an_older_id(kind: str) -> None:
    assert MARKS.unguessable(MARKS.fresh(kind, _any))


@pytest.mark.parametrize("value", ["oak", "pgv-fedcba9876543210-1", "", 7, 2**40, True, 1.5, None])
def test_any_other_value_may_be_an_older_id(value: object) -> None:
    assert not MARKS.unguessable(value)


def test_a_mark_that_is_the_beginning_of_a_longer_one_does_not_stand_there() -> None:
    first, twelfth = "pgv-0123456789abcdef-1", "pgv-0123456789abcdef-12"
    assert MARKS.stands_in(first, {"text": f"{first} and more", "n": 2})
    assert MARKS.stands_in(first, {"text": [twelfth, first]})
    assert not MARKS.stands_in(first, {"text": twelfth})


def test_a_create_without_an_answer_is_not_found_by_the_mark_of_a_later_one() -> None:
    first, twelfth = "pgv-0123456789abcdef-1", "pgv-0123456789abcdef-12"
    resource = SimpleNamespace(name="item", id_of=lambda item: item["id"])
    create = SimpleNamespace(resource=resource, role="main", found=False, copies=False, recalled=False)
    creates = cast(
        Any, SimpleNamespace(_marks=MARKS, _listed={}, _find_parent=lambda _: None, _setting=SENDING_ALL)
    )
    match = UnansweredCreates._matching
    assert match(creates, cast(Any, create), first, [{"id": 1, "text": twelfth}], "") == []
    assert not create.found
    (found,) = match(creates, cast(Any, create), first, [{"id": 2, "text": f"{first}, late"}], "")
    assert (found.id, create.found) == (2, True)


@pytest.mark.parametrize("recalled", [False, True], ids=["this run", "an earlier run"])
def test_what_has_the_id_of_an_older_row_is_not_found_but_by_the_journal(recalled: bool) -> None:
    mark = "pgv-0123456789abcdef-1"
    resource = SimpleNamespace(name="item", id_of=lambda item: item["id"])
    create = SimpleNamespace(resource=resource, role="main", found=False, copies=False, recalled=recalled)
    listed = {"item": (frozenset((2,)), True)}
    creates = cast(
        Any, SimpleNamespace(_marks=MARKS, _listed=listed, _find_parent=lambda _: None, _setting=SENDING_ALL)
    )
    match = UnansweredCreates._matching
    found = match(creates, cast(Any, create), mark, [{"id": 2, "text": mark}], "")
    assert [one.id for one in found] == ([2] if recalled else [])


def test_an_object_or_list_with_a_mark_is_no_id() -> None:
    mark = MARKS.next()
    assert MARKS.is_marked({"title": mark})
    assert MARKS.is_marked([mark])
    assert not MARKS.unguessable({"title": mark})
    assert not MARKS.unguessable([mark])


def test_a_small_fresh_number_may_be_an_older_id() -> None:
    small = MARKS.fresh("int", lambda value: value < 2**32)
    assert MARKS.is_marked(small)
    assert not MARKS.unguessable(small)


def test_no_mark_stands_in_another_one() -> None:
    marks = Marks("0123456789abcdef")
    texts = [marks.next() for _ in range(10_000)]
    assert len(set(texts)) == len(texts)
    assert all(a not in b for a in texts[:300] for b in texts if a != b)
    assert all(number_mark(n) not in texts and len(number_mark(n)) == 9 for n in (9_126, 500_000))


@pytest.mark.parametrize(
    ("id", "random"),
    [
        ("0195aaaa-1111-4111-8111-9974333824fe", True),
        ("note_a7Bc9dE2fG4hJk", True),
        ("a7Bc9dE2fG4hJ", False),  # thirteen
        ("item0000000021", False),
        ("20261128144400", False),
        ("abcdefghijklmnop", False),
    ],
)
def test_an_id_of_fourteen_mixed_characters_or_a_uuid_is_taken_as_never_given_twice(
    id: str, random: bool
) -> None:
    assert is_random_id(id) is random
