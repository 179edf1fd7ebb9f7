"""An announced rate limit is enforced: a burst meets it, its Retry-After is true, and it is each key's own.

A rolling bucket refills while it is emptied, so at most L + t·L/window calls of a burst of t seconds may
pass. A window bucket lets L calls pass before the end that the reset header gives, and L again in the next
window. Windows may be fixed, start at the first call, or slide; where whole seconds cannot separate two
windows, 2·L may pass.

Nothing is judged if the bucket refills as fast as this client sends, or if the key is unlimited. A burst may
meet the limit early, because other clients and buckets draw too. In an exclusive run it may not, while
headers announce remaining calls. A wait is no longer than a window.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.answers import LIMITED, retry_after_s
from pgagents.catalogue.model.model import Bucket
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.headers import ahead_s, in_epoch, rate_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.plan.order import LAST
from pgagents.verify.plan.selection import others_too, say_alone
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

# -- calls that empty a bucket


NAME = "rate_limit_enforcement"


@dataclass(frozen=True, slots=True)
class Burst:
    """An endpoint with a harmless call that empties a bucket: a read, or a write to an absent id."""

    bucket: Bucket
    endpoint: Endpoint
    call: Call

    def id(self, detail: str) -> str:
        """Return the id of the burst's contract with this detail."""
        return f"{NAME}/{detail}/{self.bucket.name}@{self.endpoint.surface}"


def list_bursts(setting: Setting) -> Iterator[Burst]:
    """Yield one burst for each bucket of an action, on each surface, without the buckets of end users.

    Buckets that no action names, such as conditional ones, are left out, because only the server decides
    which calls use them.
    """
    met: set[tuple[str, str]] = set()
    ordered = sorted(
        setting.endpoints, key=lambda d: (d.action.effect != "read", "{" in d.path, len(d.params))
    )
    for endpoint in ordered if setting.model.limits.headers is not None else ():
        bucket = setting.model.buckets.get(str(endpoint.action.bucket))
        if bucket is None or (bucket.name, endpoint.surface) in met or bucket.of == "end_user":
            continue
        call = _make_harmless_call(setting, endpoint)
        if call is not None:
            met.add((bucket.name, endpoint.surface))
            yield Burst(bucket, endpoint, call)


def find_other_bucket(setting: Setting, burst: Burst) -> Burst | None:
    """Return a burst on another bucket of the same key on REST. On other surfaces, an agents' bucket may
    cover both.
    """
    if burst.bucket.of != "key" or burst.endpoint.surface != REST:
        return None
    others = (b for b in list_bursts(setting) if b.bucket.of == "key" and b.bucket is not burst.bucket)
    return next((b for b in others if b.endpoint.surface == REST), None)


def _make_harmless_call(setting: Setting, endpoint: Endpoint) -> Call | None:
    """Return a call that may be repeated any number of times; None if each call would make something."""
    template = template_of(setting.model, endpoint.action)
    why = "one of a burst"
    if endpoint.action.effect == "read":
        return ordinary(endpoint, template, "valid", why, burst=True)
    for param in endpoint.params:
        resource = setting.model.resources.get(param.refers_to or "")
        if resource is not None and resource.absent is not None and param.required and template.makes is None:
            given = {**template.input, str(param.name): resource.find_absent_value(param)}
            return ordinary(endpoint, template, "absent", why, input=given, burst=True)
    return None


ASSUMED_PER_S = 100.0
EARLY = 10
"""A call must not be limited if the answer before it left more than 1/EARLY of the limit."""
ROUNDS = 2
UNEVEN_S = 0.7
"""Seconds to pause after a limited call. Then a server that rounds the wait down names too few seconds."""
MOST_WAIT_S = 120.0
"""The longest time, in seconds, that a run waits for the end of a window."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each bucket and surface: the limit is enforced, and Retry-After is true.

    If it can be tried, yield contracts that other keys and other buckets are not affected, too.
    """
    for burst in list_bursts(setting):
        bucket, surface = burst.bucket, burst.endpoint.surface
        window = bucket.refill == "window"
        most, longest = ("in a window", "a window") if window else ("and what refills", "a token takes")
        says = {
            "limit": (
                f"on {surface} no more calls pass than the announced limit {most} (published: "
                f"{bucket.requests})"
            ),
            "wait": (
                f"after the Retry-After of a limited call on {surface} one passes again, and it is no "
                f"longer than {longest}"
            ),
        }
        if bucket.of == "key" and "second" in setting.model.auth.roles:
            says["own"] = f"a key's empty bucket on {surface} limits no other key"
        if (beside := find_other_bucket(setting, burst)) is not None:
            says["apart"] = (
                f"calls of the bucket {bucket.name} on {surface} use up nothing of the bucket "
                f"{beside.bucket.name}"
            )
        for detail, text in says.items():
            yield promise_at(NAME, f"{detail}/{bucket.name}", f"@{surface}", text, bucket.origin, bucket.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect bursts without `--limits`, because they exceed limits. Deselect counts unless the run is
    exclusive.
    """
    if not setting.limits:
        return (
            Verdict.NOT_SELECTED,
            "bursts that exceed the limits are sent only when asked for: add --limits",
        )
    apart = contract.detail.startswith("apart/")
    return (Verdict.NOT_SELECTED, others_too(setting, "counts")) if apart and not setting.exclusive else None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each burst, after everything else."""
    for burst in list_bursts(setting):
        beside = find_other_bucket(setting, burst) if setting.exclusive else None
        covers = [burst.id("limit"), burst.id("wait"), *([burst.id("apart")] if beside is not None else [])]
        own = burst.id("own") if burst.bucket.of == "key" and "second" in roles else ""
        run = partial(_run, setting, burst, covers[0], covers[1], own, beside)
        cost = cost_of(burst.bucket) + 3 * ROUNDS + 1 + 3 * (beside is not None)
        yield Probe(
            covers[0],
            LAST,
            (*covers, *([own] if own else [])),
            cost,
            run,
            (burst.endpoint,),
            "main",
            burst.endpoint.action.effect == "write",
        )
        if not own and burst.bucket.of == "key" and "second" in setting.model.auth.roles:
            yield Probe(burst.id("own"), LAST, (burst.id("own"),), cost, run, (burst.endpoint,), "second")


def cost_of(bucket: Bucket) -> int:
    """Return the number of requests of a burst at a likely pace.

    A rolling bucket takes L + ceil(t·L/window) + 2 requests in t seconds. A window bucket takes 2·L + 2,
    because the burst may continue in a second window.
    """
    if bucket.refill == "window":
        return 2 * bucket.requests + SLACK
    refill = min(FULL_AGAIN, bucket.requests / bucket.per_s / ASSUMED_PER_S)
    return math.ceil(bucket.requests / (1 - refill)) + SLACK


def _run(
    setting: Setting, burst: Burst, limit: str, wait: str, own: str, beside: Burst | None
) -> Conversation:
    bucket = burst.bucket
    tally = Tally(bucket, bucket.requests)
    apart = burst.id("apart") if beside is not None else ""
    first = (yield from _roomy(setting, beside)) if beside is not None else None
    while True:
        exchange: Exchange = yield burst.call
        if exchange.limited:
            break
        if exchange.void:
            yield judge_untested(limit, f"the burst was broken off: {exchange.outcome}")
            return
        tally.add(exchange, setting)
        if reason := tally.not_applicable():
            yield from _not_applicable((limit, wait, own, apart), reason)
            return
        if expected := tally.too_many():
            yield judge_broken(limit, expected, "{passed} calls passed", passed=tally.passed).with_rank(
                Rank.LAX
            )
            return
    told, left = tally.told, tally.left
    if setting.exclusive and left > max(SLACK, told // EARLY):
        yield judge_broken(
            limit,
            f"no {LIMITED} while calls remain: the answer before announced {left} of {told}",
            exchange.outcome,
        )
    else:
        yield judge_kept(limit)
    if beside is not None and first is not None:
        yield from _apart(setting, beside, first, apart)
    if own:
        yield from _others(burst, own)
    yield from _wait_and_retry(setting, exchange, bucket, told, burst, wait)


def _not_applicable(contracts: tuple[str, ...], reason: str) -> Iterator[Judgement]:
    for contract in contracts:
        if contract:
            yield Judgement(contract, Verdict.NOT_APPLICABLE, reason)


def _roomy(setting: Setting, beside: Burst) -> Generator[Any, Any, Exchange]:
    """Call another bucket's endpoint before a burst. If that bucket is nearly empty, wait first."""
    call = replace(beside.call, why="another bucket before a burst", burst=False)
    exchange: Exchange = yield call
    told = rate_of(exchange, setting)
    if told is not None and told.remaining <= SLACK:
        window, per_s = beside.bucket.refill == "window", beside.bucket.per_s
        ahead = per_s if told.reset is None else ahead_s(exchange, told.reset, setting)
        till_end_s = min(max(0.0, ahead), per_s) + 1.0
        yield Sleep(
            min(till_end_s, MOST_WAIT_S)
            if window
            else 2 * SLACK * beside.bucket.per_s / beside.bucket.requests
        )
        exchange = yield call
    return exchange


def _apart(setting: Setting, beside: Burst, first: Exchange, contract: str) -> Conversation:
    """Judge that the burst left another bucket unchanged. Headers about a third bucket prove nothing."""
    after: Exchange = yield replace(beside.call, why="another bucket after a burst")
    before, now = rate_of(first, setting), rate_of(after, setting)
    shown = (
        before is not None
        and now is not None
        and before.remaining > SLACK
        and before.limit == now.limit == beside.bucket.requests
    )
    if before is None or now is None or not shown or first.void:
        yield Judgement(
            contract, Verdict.NOT_APPLICABLE, "the headers describe another bucket, or a nearly empty one"
        )
    elif after.limited or before.remaining - now.remaining > SLACK:
        yield judge_broken(
            contract,
            f"of {beside.bucket.name} at most {SLACK} fewer than {before.remaining} remain",
            f"{after.outcome}, {now.remaining} remain",
        )
    else:
        yield judge_kept(contract)


def _others(burst: Burst, own: str) -> Conversation:
    """Call with another key while this key's bucket is empty."""
    exchange: Exchange = yield replace(
        burst.call, role="second", owner="second", why="another key while one's bucket is empty"
    )
    if exchange.limited:
        yield judge_broken(own, "another key is not limited by it", exchange.outcome)
    elif not exchange.void:
        yield judge_kept(own)


def _judge_no_wait(setting: Setting, limited: Exchange, contract: str) -> Judgement:
    """Judge a limited call whose answer has no readable time for the next call.

    It is broken only if the catalogue names the header under `limits` and nowhere else.
    """
    retry = setting.model.limit_reader.retry
    declared = any(header.name.lower() == retry.lower() for header in setting.model.headers)
    if declared or not setting.model.source.has(("limits", "headers", "retry")):
        return judge_untested(contract, f"no {retry} came that can be read")
    text = limited.header(retry)
    return judge_broken(
        contract, f"{retry} with seconds or a date", f"{retry}: {text}"[:120] if text else "none"
    )


def _wait_and_retry(
    setting: Setting, limited: Exchange, bucket: Bucket, told: int, burst: Burst, wait: str
) -> Conversation:
    """Wait as long as Retry-After says, then call again.

    An evenly refilled bucket is tried twice, because part of a token may have been left at first.
    """
    window = bucket.refill == "window"
    back_s = bucket.per_s if window else bucket.per_s / told
    ended = False
    if window and back_s > UNEVEN_S:  # all calls come back at the window's end, so one wait is enough
        yield Sleep(UNEVEN_S)
        again: Exchange = yield replace(burst.call, why="once more, before the window ends")
        limited, ended = (again, False) if again.limited else (limited, not again.void)
    for _ in range(ROUNDS):
        after = retry_after_s(limited.header(setting.model.limit_reader.retry), limited.sent_at)
        if after is None:
            yield _judge_no_wait(setting, limited, wait)
            return
        if too_long := _judge_length(after, bucket, told, wait):
            yield too_long
            return
        if ended:
            break
        if window and after > MOST_WAIT_S:
            yield Judgement(
                wait,
                Verdict.NOT_APPLICABLE,
                f"the announced wait of {after:g} s is longer than a run waits",
            )
            return
        yield Sleep(after)
        exchange: Exchange = yield replace(burst.call, why="after the announced wait")
        if exchange.limited:
            yield _judge_still_limited(setting, exchange, after, wait)
            return
        if exchange.void:
            return
        limited = yield replace(burst.call, why="once more at once")
        if not limited.limited:
            break
        if (pause_s := back_s % 1 + UNEVEN_S) < back_s:
            yield Sleep(pause_s)
            limited = yield replace(burst.call, why="once more, before the next may pass")
            if not limited.limited:
                break
    yield judge_kept(wait)


def _judge_length(after: float, bucket: Bucket, told: int, wait: str) -> Judgement | None:
    """Return the break of a Retry-After that is longer than the bucket needs; None if it is not."""
    window = bucket.refill == "window"
    back_s = bucket.per_s if window else bucket.per_s / told
    longest = math.ceil(back_s) + 1
    if after <= longest + 1:  # a date has whole seconds only
        return None
    until = f"a window of {back_s:g} s ends" if window else f"the next of {told} in {bucket.per_s:g} s"
    return judge_broken(wait, f"at most {longest} s until {until}", f"Retry-After: {after:g} s")


def _judge_still_limited(setting: Setting, exchange: Exchange, after: float, wait: str) -> Judgement:
    """Judge a call that was limited after the announced wait. Other users may have caused that."""
    if setting.exclusive:
        return judge_broken(wait, f"a call passes after {after:g} s", exchange.outcome)
    why = f"others may have made the call that was free after {after:g} s: {say_alone(setting)}"
    return Judgement(wait, Verdict.NOT_APPLICABLE, why)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    rank=Rank.WRONG,
)


# -- the calls of a burst that were let through


SLACK = 2
MOST_LIMIT = 10**9
MOST_TIMES = 2
"""A key with more than this many times the published limit is unlimited."""
ENOUGH_TO_TELL = 20
FULL_AGAIN = 0.9
"""A bucket that regains this part of its tokens while one request is sent cannot be emptied by a burst."""
TELLS_S = 10.0
"""The shortest window, in seconds, for which two successive reset headers clearly differ."""
MOST_TRIED = 3
"""The most calls without a 429, as a multiple of the limit.

An enforced limit is met within two windows, so after that many calls this client is too slow to meet it.
"""


@dataclass(slots=True)
class Tally:
    """Counts the calls of a burst that were let through: all of them, and those since the last window began.

    `end` is the end of the window by the reset header (epoch seconds); None if the header cannot be read.
    """

    bucket: Bucket
    told: int
    passed: int = 0
    left: int = 0
    began: float = 0.0
    took_s: float = 0.0
    in_window: int = 0
    end: float | None = None

    def add(self, exchange: Exchange, setting: Setting) -> None:
        """Count a call that was let through."""
        self.began = self.began or exchange.sent_at
        self.took_s = exchange.sent_at + exchange.seconds - self.began
        self.passed += 1
        self.told = _limit(setting, exchange) or self.told
        rate = rate_of(exchange, setting)
        self.left = rate.remaining if rate is not None else 0
        before, self.end = self.end, None
        if (
            rate is not None
            and rate.reset is not None
            and self.bucket.per_s >= (1.0 if in_epoch(setting) else TELLS_S)
        ):
            self.end = exchange.sent_at + ahead_s(exchange, rate.reset, setting)
        # the end of a sliding window moves with the calls; that of any other stays, then jumps by a whole
        # window
        other = before is None or self.end is None or self.end - before > self.bucket.per_s / 2
        self.in_window = 1 if other else self.in_window + 1

    def not_applicable(self) -> str:
        """Return why the burst proves nothing; empty if it can be judged."""
        if self.told > self.bucket.requests * MOST_TIMES:
            return f"this unlimited key's limit is {self.told:,}: an ordinary key shows it"
        if (
            self.passed >= ENOUGH_TO_TELL
            and self.took_s / self.passed * (self.told / self.bucket.per_s) >= FULL_AGAIN
        ):
            return (
                f"the bucket refills as fast as this client sends: {self.passed / self.took_s:.1f} a second"
            )
        if (
            self.bucket.refill == "window"
            and not self.too_many()
            and self.passed > MOST_TRIED * self.told + SLACK
        ):
            return (
                f"windows of {self.bucket.per_s:g} s end before this client has used one up: "
                f"{self.passed / self.took_s:.1f} calls a second"
            )
        return ""

    def too_many(self) -> str:
        """Return the expected number of calls if more were let through; else an empty text."""
        per_s = self.bucket.per_s
        if self.bucket.refill == "even":
            most = self.told + math.ceil(self.took_s * (self.told / per_s)) + SLACK
            return (
                f"a {LIMITED} after at most {self.told} calls and what refilled in {self.took_s:.1f} s"
                if self.passed > most
                else ""
            )
        if self.in_window > self.told + SLACK:
            return (
                f"a {LIMITED} after at most {self.told} calls in a window of {per_s:g} s, one end of "
                "which was announced"
            )
        windows = 2 + math.floor(self.took_s / per_s)
        if self.passed > windows * self.told + SLACK:
            return (
                f"a {LIMITED} after at most {windows} times {self.told} calls in {self.took_s:.1f} s, by "
                f"windows of {per_s:g} s"
            )
        return ""


def _limit(setting: Setting, exchange: Exchange) -> int | None:
    rate = rate_of(exchange, setting)
    return rate.limit if rate is not None and rate.limit < MOST_LIMIT else None
