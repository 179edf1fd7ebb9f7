"""A dispatcher is never sent a write that it does not offer, because a wrong server would carry it out."""

from __future__ import annotations

from dataclasses import replace

from pgagents.verify.checks.rest.framework import find_not_offered
from pgagents.verify.setting import setting_of
from verifying import model


def test_only_a_free_read_is_asked_of_a_dispatcher_that_does_not_offer_it() -> None:
    of = model()
    setting = setting_of(of, "https://api.example")
    (dispatcher,) = of.dispatchers
    found = of.action(find_not_offered(setting, dispatcher) or "")
    assert found is not None
    assert found.only_reads
    assert found not in dispatcher.actions
    reads = tuple(action for action in of.actions if action.only_reads)
    assert find_not_offered(setting, replace(dispatcher, actions=reads)) is None
