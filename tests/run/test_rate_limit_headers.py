"""A row of calls that were on their way together shows a fall only where the bucket cannot have refilled."""

from __future__ import annotations

import pytest

from pgagents.report.contract import Verdict
from pgagents.verify.checks.limits import rate_limit_headers
from pgagents.verify.checks.limits.rate_limit_headers import ROW
from pgagents.verify.setting import Memory, setting_of
from test_verify_memory import make_exchange
from verifying import URL, model


def judge_row(limit: int, remaining: list[int], seconds: float) -> list[Verdict]:
    """Return the verdicts on the fall in a row of calls sent at once, of which the last took so long."""
    memory, names = Memory(setting_of(model(), URL)), model().limits.headers
    assert names is not None
    found = []
    for number, left in enumerate(remaining, 1):
        headers = {names.limit: str(limit), names.remaining: str(left), names.reset: "1776000001"}
        exchange = make_exchange("get_health", 200, {}, {}, number, headers)
        exchange.seconds, exchange.overlapped = seconds * number / len(remaining), True
        found += [
            j.verdict
            for j in rate_limit_headers.watch(exchange, memory)
            if j.contract.endswith("/falls@rest")
        ]
    return found


@pytest.mark.parametrize(
    ("limit", "left", "seconds", "verdict"),
    [
        (60_000, [59_999] * ROW, 0.008, Verdict.KEPT),  # eight calls come back meanwhile
        (600, [599] * ROW, 0.008, Verdict.BROKEN),  # less than a tenth of one does
        (600, [599] * ROW, 0.1, Verdict.KEPT),
        (600, [599, 598, 597, 596], 0.008, Verdict.KEPT),
        (600, [596, 598, 597, 599], 0.008, Verdict.KEPT),  # counted in another order
    ],
)
def test_calls_sent_together_are_counted_at_any_time_until_they_are_answered(
    limit: int, left: list[int], seconds: float, verdict: Verdict
) -> None:
    assert judge_row(limit, left, seconds) == [verdict]
