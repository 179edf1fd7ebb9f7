"""A call that lists says where the list stands, unless the whole answer is one."""

from __future__ import annotations

import pytest

from pgagents.base.errors import InputError
from small_api import with_resource

LISTED = "listed_by: {action: list_notes, at: response.notes}"


@pytest.mark.parametrize(
    ("written", "said", "help"),
    [
        ("listed_by: {action: list_notes}", "what it answers is not a list", "write `at: response.notes`"),
        (
            "listed_by: {action: list_notes, at: response}",
            "`response` is not a list",
            "write `at: response.notes`",
        ),
        (
            "listed_by: {action: get_note, input: {note_id: a}, at: response.text}",
            "`response.text` is not a list",
            "name the list, as `at: response.items`",
        ),
    ],
)
def test_what_is_no_list_is_refused_where_a_list_is_named(written: str, said: str, help: str) -> None:
    with pytest.raises(InputError) as refused:
        with_resource((LISTED, written))
    [found] = refused.value.diagnostics
    assert (found.id, found.help) == ("catalogue/list", help)
    assert said in found.message


@pytest.mark.parametrize(
    "written",
    [
        LISTED,
        "listed_by: {action: get_note, input: {note_id: a}}",  # it shows itself
        "listed_by: {action: list_notes, inferred: true}",
    ],
)
def test_what_may_be_a_list_is_taken(written: str) -> None:
    assert with_resource((LISTED, written)).resources["note"].listed_by
