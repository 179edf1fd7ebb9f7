"""Reduce a call that shows a problem, argument by argument, as long as it still shows the same problem."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange

MOST_TRIES = 12
"""The most requests for reducing one call."""


def shrink(
    exchange: Exchange,
    usual: Mapping[str, Any],
    is_same: Callable[[Exchange], bool],
    setting: Setting,
) -> Generator[Call, Exchange, Exchange]:
    """Return the exchange of the smallest call with the same problem as `exchange`. That call is sent last.

    Each argument in turn is left out, or gets its `usual` value. `is_same` decides if an answer shows the
    same problem. A valid call stays valid, and an invalid call stays invalid.
    """
    last, tries, wrong = exchange, 0, is_invalid(setting, exchange.call)
    for name in list(exchange.call.input):
        if name in usual and exchange.call.input[name] == usual[name]:
            continue
        given = {n: v for n, v in exchange.call.input.items() if n != name}
        if name in usual:
            given[name] = usual[name]
        smaller = replace(exchange.call, input=given, again=True, shrunk=True)
        if tries == MOST_TRIES or is_invalid(setting, smaller) != wrong:
            continue
        tries += 1
        answered = yield smaller
        last = answered
        if is_same(answered):
            exchange = answered
    if last is not exchange and exchange.call.shrunk:
        exchange = yield exchange.call
    return exchange
