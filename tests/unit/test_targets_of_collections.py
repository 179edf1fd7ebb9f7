"""The collections that calls may change decide which probes run at the same time."""

from __future__ import annotations

import pytest

from pgagents.verify.plan.order import Collections, index_collections, meet
from verifying import model


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("create_session", {"session", "lot", "day_lot", "hold"}),
        ("end_session", {"session", "lot", "day_lot", "hold"}),
        ("create_webhook", {"webhook"}),
        ("delete_webhook", {"webhook"}),
    ],
)
def test_a_call_changes_the_collection_of_its_instances_and_those_they_name(
    action: str, changed: set[str]
) -> None:
    of = model()
    index = index_collections(of)
    found = index.list_changed([a for a in of.actions if a.name == action])
    assert found is not None
    assert found == index.list_of(changed)


def test_resources_that_the_same_actions_read_are_one_collection() -> None:
    index = index_collections(model())
    assert len(index.list_of(["session", "day_session", "paid_session"])) == 1
    assert len(index.list_of(["session", "webhook"])) == 2


def test_a_write_that_names_no_resource_may_change_all() -> None:
    of = model()
    index = index_collections(of)
    known = {name for name, names in index.by_action.items() if names}
    unknown = [a for a in of.actions if a.effect == "write" and str(a.name) not in known]
    reads = [a for a in of.actions if a.effect == "read" and str(a.name) not in known]
    assert reads
    assert index.list_changed(reads) == frozenset()
    for action in unknown:
        assert index.list_changed([action, *reads]) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, None, True),
        (None, frozenset(), False),
        (frozenset(), None, False),
        (frozenset("a"), None, True),
        (frozenset("ab"), frozenset("bc"), True),
        (frozenset("a"), frozenset("b"), False),
    ],
)
def test_all_collections_meet_any_but_none(one: Collections, other: Collections, expected: bool) -> None:
    assert meet(one, other) is expected
