"""Only a value that a run chose itself can name an instance that did not exist before."""

from __future__ import annotations

import pytest

from pgagents.verify.fixtures.marks import Marks

MARKS = Marks("0123456789abcdef")


def _any(_value: object) -> bool:
    return True


@pytest.mark.parametrize("kind", ["text", "slug", "int", "uuid"])
def test_a_fresh_value_cannot_be_an_older_id(kind: str) -> None:
    assert MARKS.unguessable(MARKS.fresh(kind, _any))


@pytest.mark.parametrize("value", ["oak", "pgv-fedcba9876543210-1", "", 7, 2**40, True, 1.5, None])
def test_any_other_value_may_be_an_older_id(value: object) -> None:
    assert not MARKS.unguessable(value)


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
