"""At most five instances are made where no removal has succeeded, those under way included."""

from __future__ import annotations

import pytest

from pgagents.verify.fixtures.marks import Marks
from pgagents.verify.fixtures.ownership import MOST_LASTING, Ownership
from pgagents.verify.setting import setting_of
from small_api import URL, with_resource

MODEL = with_resource()
NOTE = MODEL.resources["note"]


def sending(creates: int) -> Ownership:
    """Return the evidence of a run with so many creates under way, that which is asked about included."""
    owned = Ownership(setting_of(MODEL, URL), Marks("0123456789abcdef"))
    for _ in range(creates):
        owned.note_sent(NOTE, 1)
    return owned


@pytest.mark.parametrize("removable", [True, False])
def test_five_are_made_and_no_sixth(removable: bool) -> None:
    assert sending(MOST_LASTING).limit(NOTE, removable=removable, wrong="") == ""
    refused = sending(MOST_LASTING + 1).limit(NOTE, removable=removable, wrong="")
    assert refused.startswith("at most 5 × note are made")


def test_a_removal_or_test_data_lifts_the_number() -> None:
    owned = sending(MOST_LASTING + 1)
    owned.note_removed(NOTE)
    assert owned.limit(NOTE, removable=True, wrong="") == ""
    owned = sending(MOST_LASTING + 1)
    owned.test_data = True
    assert owned.limit(NOTE, removable=True, wrong="") == ""


def test_a_create_that_a_right_server_refuses_is_not_counted() -> None:
    assert sending(MOST_LASTING + 1).limit(NOTE, removable=True, wrong="invalid") == ""
