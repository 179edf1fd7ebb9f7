"""Events of a server that counts its orders and its events, and announces two changes by one type."""

from __future__ import annotations

import pytest

from orders_api import LEGAL, WRONG, verify_events
from pgagents.report.contract import Verdict
from verifying import ids

FOUND_BY = {
    "never-sent": "event_delivery/order.created@rest",
    "second-change-untold": "event_delivery/order.updated@rest",
    "second-change-told-twice": "event_delivery/once@rest",
    "state-before": "event_delivery/order.updated@rest",
    "another-id-again": "event_redelivery/again@rest",
    "never-again": "event_redelivery/again@rest",
    "one-id-for-all": "event_schema/own_id@rest",
    "told-to-all": "event_delivery/own@rest",
}


@pytest.mark.parametrize("habit", LEGAL)
def test_legal_events_are_not_reported(habit: str) -> None:
    report = verify_events(habit)
    assert {f.contract.id: (f.expected, f.actual) for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert {"event_redelivery/again@rest", "event_delivery/own@rest"} <= set(ids(report, Verdict.KEPT))


@pytest.mark.parametrize("habit", WRONG)
def test_wrong_events_are_found(habit: str) -> None:
    report = verify_events(habit)
    assert FOUND_BY[habit] in {f.contract.id for f in report.findings}, report.findings


def test_webhooks_that_hear_nothing_prove_nothing() -> None:
    report = verify_events("never-sent")
    proved = set(ids(report, Verdict.KEPT))
    assert "event_delivery/order.created@rest" in ids(report, Verdict.BROKEN)
    assert not proved & {
        "event_delivery/alone@rest",
        "event_delivery/own@rest",
        "event_delivery/private@rest",
    }


def test_a_webhook_that_is_dead_for_another_shows_nothing_of_what_it_hears() -> None:
    report = verify_events("dead-for-another")
    assert report.findings == ()
    assert ids(report, Verdict.UNTESTED) == ["event_delivery/own@rest"]
