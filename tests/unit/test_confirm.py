"""A finding is tried once more, and a repetition that comes less far shows nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.answers import ErrorReader
from pgagents.report.contract import Contract
from pgagents.verify.judgement import judge_broken, judge_kept
from pgagents.verify.run.confirm import _is_another_read, confirm
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import catalogue

CONTRACT = "pagination/list_notes@rest"
STEPS = 9


def exchange(number: int, status: int = 200) -> Exchange:
    """Return a read of the list."""
    call = Call(None, {}, "explore", "a page")
    answer = Response(status, body=b"{}")
    return Exchange(
        number,
        call,
        {},
        Request("GET", "/notes"),
        answer,
        seconds=0.0,
        sent_at=0.0,
        codes={},
        errors=ErrorReader({}, "error.code"),
        limits=catalogue().limit_reader,
    )


class Repeating:
    """A driver whose probe takes so many requests when it is repeated, and then keeps the contract or not."""

    def __init__(self, requests: int, *, keeps: bool) -> None:
        self.requests, self.keeps, self.counted = requests, keeps, 100
        self.ledger = Ledger.of([Contract(CONTRACT, "pagination", "list_notes", "rest", "it ends", ())])
        self.factory = SimpleNamespace(pool=SimpleNamespace(holder=None, end=lambda _: None))
        self.judge = SimpleNamespace(replace_ledger=self.replace)
        self.now = self.ledger

    def replace(self, ledger: Ledger) -> Ledger:
        """Enter further judgements in another ledger, and return the one before."""
        before, self.now = self.now, ledger
        return before

    def run(self, probe: Any) -> None:
        """Repeat the probe."""
        self.counted += self.requests
        again = judge_kept(CONTRACT) if self.keeps else judge_broken(CONTRACT, "an end", "none")
        self.now.add(again, [], None, probe)


@pytest.mark.parametrize(
    ("requests", "keeps", "stable"),
    [(STEPS - 4, True, None), (STEPS, True, False), (STEPS + 3, True, False), (STEPS - 4, False, True)],
)
def test_a_repetition_that_ends_sooner_does_not_say_that_it_did_not_happen_again(
    requests: int, keeps: bool, stable: bool | None
) -> None:
    driver = Repeating(requests, keeps=keeps)
    chain = [exchange(number) for number in range(1, STEPS + 1)]
    driver.ledger.add(judge_broken(CONTRACT, "an end", "none"), chain, None, cast(Any, object()))
    confirm(cast(Driver, driver), {}, 1_000)
    found = driver.ledger.entries[CONTRACT].broken
    assert found is not None
    assert found.stable is stable


def test_a_read_of_another_value_is_not_a_repeat() -> None:
    """A made-up currency was refused, and one that a list had shown since then was not."""
    first, other = (
        cast(Any, SimpleNamespace(request=SimpleNamespace(method="GET", target=f"/rate/{code}")))
        for code in ("x", "AED")
    )
    found = cast(Any, SimpleNamespace(chain=[first]))
    assert _is_another_read(other, found)
    assert not _is_another_read(first, found)
