"""No false alarm on a server that is odd but legal, whatever its world, its hour and the order of the plan."""

from __future__ import annotations

import pytest
from bench.alarms import of_plain, of_variation

from pgagents.sandbox.injection import fault_registry


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("name", fault_registry.list_names("variations"))
def test_variation_raises_no_alarm(name: str, seed: int) -> None:
    requests, alarms = of_variation(name, seed)
    assert [(a.contract, a.why) for a in alarms] == []
    assert requests > 300


def test_two_calls_at_once_in_a_full_place_are_made_elsewhere() -> None:
    """In this world a lot fills up just before two calls at once are to show what an idempotency key does there."""
    _, alarms = of_plain(35)
    assert [(a.contract, a.why) for a in alarms] == []
