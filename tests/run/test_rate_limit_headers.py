"""A row of calls that were on their way together shows a fall only where the bucket cannot have refilled, and
calls have weights.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.checks.limits import rate_limit_headers
from pgagents.verify.checks.limits.rate_limit_headers import ROW
from pgagents.verify.setting import Memory, setting_of
from small_api import NOTES, Notes, answer, verified, with_resource
from test_verify_memory import make_exchange
from verifying import URL, model

LIMITS = (
    "limits:\n  headers: {limit: X-Limit, remaining: X-Left, reset: X-Reset}\n  reset_unit: seconds\n"
    "  buckets: {calls: {requests: 1000, per_s: 3600, refill: window}}\n"
)


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


def test_a_call_may_weigh_more_than_one() -> None:
    """As those of Binance do."""
    text = NOTES.replace("schemas:\n", f"{LIMITS}schemas:\n", 1)
    for effect in ("read", "write"):
        text = text.replace(f"    effect: {effect}\n", f"    effect: {effect}\n    bucket: calls\n")
    notes, left = Notes(), [1000]

    def weigh(request: Request) -> Response:
        told = notes(request)
        if told.status >= 300:
            return told
        left[0] -= 3
        three = {"X-Limit": "1000", "X-Left": str(max(0, left[0])), "X-Reset": "3000"}
        return replace(told, headers=(*told.headers, *three.items()))

    report = verified(with_resource(text=text), weigh, allow_writes=True, exclusive=True)
    check = "rate_limit_headers"
    assert {f.contract.id for f in report.findings if f.contract.check == check} == set()
    assert Verdict.KEPT in {r.verdict for r in report.results if r.contract.check == check}


def test_a_burst_that_a_server_answers_with_failures_shows_nothing_of_a_limit() -> None:
    """It sheds load, and no call passes."""
    calls = [0]
    text = NOTES.replace("schemas:\n", f"{LIMITS}schemas:\n", 1)
    text = text.replace("    effect: read\n", "    effect: read\n    bucket: calls\n")
    notes = Notes()

    def shed(request: Request) -> Response:
        calls[0] += 1
        told = notes(request)
        return answer(500, {"detail": "too much to do"}) if calls[0] > 900 and told.status < 300 else told

    report = verified(with_resource(text=text), shed, limits=True, only=("rate_limit_enforcement/",))
    found = {r.contract.id: (r.verdict, r.reason) for r in report.results}
    verdict, reason = found["rate_limit_enforcement/limit/calls@rest"]
    assert (verdict, reason) == (Verdict.UNTESTED, "the burst was broken off: 500")
    assert found["rate_limit_enforcement/wait/calls@rest"][0] is Verdict.UNTESTED
