"""Arrivals are read from the receiver's boxes, each delivery once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.checks.events import event_delivery
from pgagents.verify.events import read
from pgagents.verify.wire.receiver import Inbox
from verifying import model


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that were parsed, in order."""
    seen: list[bytes] = []

    def count(of: Any, delivery: Any) -> Any:
        seen.append(delivery.body)
        return read(of, delivery)

    monkeypatch.setattr(event_delivery, "read", count)
    return seen


def test_a_delivery_is_parsed_at_the_first_look_and_two_equal_ones_stay_two(bodies: list[bytes]) -> None:
    inbox = Inbox("https://events.example.com")
    inbox.open("box")
    of = event_delivery.Arrivals(cast(Any, SimpleNamespace(model=model())), inbox, (), {})
    for _ in range(2):  # the same event twice, at the same moment of a run's clock
        inbox.take("/box", (), b'{"type": "first"}', 5.0)
    assert [e.type for e in of.read_box("box")] == ["first", "first"]
    inbox.take("/box", (), b'{"type": "later"}', 6.0)
    assert [e.type for e in of.read_box("box")] == ["first", "first", "later"]
    assert bodies.count(b'{"type": "later"}') == 1
    parsed = len(bodies)
    assert [e.type for e in of.read_box("box")] == ["first", "first", "later"]
    assert len(bodies) == parsed


@pytest.mark.parametrize("states", [("open", "closed"), ("closed", "open")])
def test_event_that_differs_is_claimed_by_the_member_whatever_its_values_are(states: tuple[str, str]) -> None:
    answered, sent = states
    resource = SimpleNamespace(volatile=(), reads_change=(), state=None)
    expected = SimpleNamespace(body={"id": "one", "state": answered}, resource=resource)
    event = SimpleNamespace(data={"id": "one", "state": sent})
    claim, values = event_delivery._find_difference(cast(Any, expected), cast(Any, event))
    assert claim == "state is {sent}, the action answered {answered}"
    assert values == {"sent": sent, "answered": answered}
