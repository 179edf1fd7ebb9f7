"""An announced rate limit is enforced: a burst meets it, its Retry-After is true, and it is each key's own.

A rolling bucket, as nginx's `limit_req`, refills while it is emptied, so at most L + t·L/window calls of a
burst of t seconds may pass. A window bucket lets L calls pass before the end that the reset header gives, and
L again in the next window. Windows may be fixed, as GitHub's hour, start at the first call, or slide, as
Django REST framework's; where whole seconds cannot separate two windows, 2·L may pass.

Nothing is judged if the bucket refills as fast as this client sends, or if the key is unlimited, as an
operator's may be. A burst may meet the limit early, because other clients and buckets draw too. In an
exclusive run it may not, while headers announce remaining calls; if the refusal announces some itself, as
those of GitHub's secondary limits, that is odd. A wait is no longer than a window. A failure (5xx) shows
nothing of a limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pgagents.catalogue.model.answers import LIMITED, retry_after_s
from pgagents.catalogue.model.model import Bucket
from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import Reason
from pgagents.verify.answers.headers import SKEW_S, ahead_s, in_epoch, rate_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.plan.order import LAST
from pgagents.verify.plan.selection import unless_alone
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

ASSUMED_PER_S = 100.0
EARLY = 10
"""A call must not be limited if the answer before it left more than 1/EARLY of the limit: one of several
machines may count behind the others, as Kong's nodes do by `sync_rate`.
"""
FAILED = 500
MOST_WAIT_S = 120.0
"""The longest time, in seconds, that a run waits for the end of a window; GitHub's is an hour."""
LIMIT, WAIT, OWN = "limit", "wait", "own"
"""The subjects of the cases of a burst: its limit, its Retry-After, another key."""
NEEDS_LIMITS = (
    Verdict.NOT_SELECTED,
    Reason("bursts that exceed the limits are sent only when asked for: add --limits", ("--limits",)),
)

# -- calls that empty a bucket


@dataclass(frozen=True, slots=True)
class Burst:
    """An endpoint with a harmless call that empties a bucket: a read, or a write to an absent id."""

    bucket: Bucket
    endpoint: Endpoint
    call: Call


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each burst: the limit is enforced, and Retry-After is true.

    If it can be tried, yield a case that another key is not affected, too.
    """
    for burst in _list_bursts(setting):
        bucket, surface, writes = (
            burst.bucket,
            burst.endpoint.surface,
            burst.endpoint.action.effect == "write",
        )
        window = bucket.refill == "window"
        most, longest = ("in a window", "a window") if window else ("and what refills", "a token takes")
        says = {
            LIMIT: (
                f"on {surface} no more calls pass than the announced limit {most} (published: "
                f"{bucket.requests})"
            ),
            WAIT: (
                f"after the Retry-After of a limited call on {surface} one passes again, and it is no "
                f"longer than {longest}"
            ),
        }
        if bucket.of == "key" and "second" in setting.model.auth.roles:
            says[OWN] = f"a key's empty bucket on {surface} limits no other key"
        together = Attempt(
            together=partial(_empty_bucket, burst=burst),
            cost=_count_requests(bucket) + 2 + (OWN in says),
            writes=writes,
            endpoints=(burst.endpoint,),
        )
        alone = replace(together, role="second")  # a run without that key says what it lacks
        for about, text in says.items():
            attempt = alone if about == OWN and "second" not in roles else together
            settled = None if setting.limits else NEEDS_LIMITS
            yield Case(
                None,
                text,
                bucket.origin,
                attempt,
                f"{about}/{bucket.name}",
                bucket.cite,
                settled,
                about,
                f"@{surface}",
            )


def _list_bursts(setting: Setting) -> Iterator[Burst]:
    """Yield one burst for each bucket of an action, on each surface, without the buckets of end users, whom
    the run has not signed in.

    Buckets that no action names, such as those with a `when`, are left out, because only the server decides
    which calls use them. The call that costs a server least is repeated.
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


def _make_harmless_call(setting: Setting, endpoint: Endpoint) -> Call | None:
    """Return a call that may be repeated any number of times: a read, or a write to an id that is `absent`.

    None if each call would make something.
    """
    template = template_of(setting.model, endpoint.action)
    why = "one of a burst"
    if endpoint.action.effect == "read":
        return ordinary(endpoint, template, "valid", why, burst=True)
    for param in endpoint.params:
        resource = setting.model.resources.get(param.refers_to or "")
        if resource is not None and resource.absent is not None and param.required and template.makes is None:
            arguments = {**template.input, param.name: resource.find_absent_value(param)}
            return ordinary(endpoint, template, "absent", why, input=arguments, burst=True)
    return None


def _count_requests(bucket: Bucket) -> int:
    """Return the number of requests of a burst at a likely pace.

    A rolling bucket takes L + ceil(t·L/window) + 2 requests in t seconds. A window bucket takes 2·L + 2,
    because the burst may continue in a second window.
    """
    if bucket.refill == "window":
        return 2 * bucket.requests + SLACK
    refill = min(FULL_AGAIN, bucket.requests / bucket.per_s / ASSUMED_PER_S)
    return math.ceil(bucket.requests / (1 - refill)) + SLACK


def _empty_bucket(trials: Sequence[Trial], burst: Burst) -> None:
    setting, tried = trials[0].setting, {trial.case.about: trial for trial in trials}
    limit, tally = tried[LIMIT], Tally(burst.bucket, burst.bucket.requests)
    rest = [trial for trial in trials if trial is not limit]
    others_left = (
        _ask_another_key(tried[OWN], burst, "another key before the burst") if OWN in tried else None
    )
    while True:
        answer = ask(burst.call)
        if answer.limited:
            break
        if answer.void or answer.status >= FAILED:  # a server that sheds load lets no call pass
            reason = f"the burst was broken off: {answer.outcome}"
            conclude(trial.untested(reason) for trial in trials)
            return
        tally.add(answer, setting)
        if reason := tally.not_applicable():
            for trial in trials:
                conclude(trial.not_applicable(reason))
            return
        if expected := tally.too_many():
            broken = limit.broken(expected, "{passed} calls passed", passed=tally.passed)
            conclude(broken.with_rank(Rank.LAX))  # no caller is hurt by calls that pass
            conclude(trial.untested("no call of the burst was limited") for trial in rest)
            return
    announced, left, refusing = tally.limit, tally.left, rate_of(answer, setting)
    early = setting.exclusive and left > max(SLACK, announced // EARLY)
    by_another = refusing is not None and (refusing.remaining > 0 or refusing.limit != announced)
    if early and (refusing is None or refusing.limit == announced):
        expected = f"no {LIMITED} while calls remain: the answer before announced {left} of {announced}"
        conclude(replace(limit.broken(expected, answer.outcome), odd=by_another))
    else:
        conclude(limit.kept("" if tally.passed else "the first call of the burst was limited already"))
    if by_another:
        conclude(trial.untested("another bucket was empty first") for trial in rest)
        return
    if others_left is not None:
        _call_with_another_key(tried[OWN], burst, others_left)
    _wait_and_retry(tried[WAIT], burst, answer, announced)


def _ask_another_key(trial: Trial, burst: Burst, why: str) -> Exchange:
    return trial.ask(replace(burst.call, role="second", owner="second", why=why))


def _call_with_another_key(trial: Trial, burst: Burst, before: Exchange) -> None:
    """Call with another key while this key's bucket is empty; `before` the burst that key had its answer."""
    rate = rate_of(before, trial.setting)
    if before.limited or (rate is not None and rate.remaining < 1):
        conclude(trial.untested("the other key's own bucket was empty before the burst"))
        return
    answer = _ask_another_key(trial, burst, "another key while one's bucket is empty")
    if answer.limited:
        conclude(trial.broken("another key is not limited by it", answer.outcome))
    elif answer.void or answer.status >= FAILED:
        conclude(trial.untested(f"it shows nothing of the limit: {answer.outcome}"))
    else:
        conclude(trial.kept())


def _wait_and_retry(trial: Trial, burst: Burst, limited: Exchange, announced: int) -> None:
    """Wait as long as Retry-After says, then call again."""
    bucket = burst.bucket
    told = limited.header(trial.model.limit_reader.retry) or ""
    after_s = retry_after_s(told, limited.sent_at)
    if after_s is None:
        conclude(_judge_no_wait(trial, limited))
        return
    skew_s = 0.0 if told.strip().isdigit() else SKEW_S  # a date is of the server's clock
    if too_long := _judge_length(trial, after_s - skew_s, bucket, announced):
        conclude(too_long)
        return
    if bucket.refill == "window" and after_s > MOST_WAIT_S:
        conclude(trial.not_applicable(f"the announced wait of {after_s:g} s is longer than a run waits"))
        return
    trial.ask(Sleep(after_s + skew_s))
    answer = trial.ask(replace(burst.call, why="after the announced wait"))
    if answer.limited:
        conclude(_judge_still_limited(trial, answer, after_s))
    elif answer.void or answer.status >= FAILED:
        conclude(trial.untested(f"it shows nothing of the limit: {answer.outcome}"))
    else:
        conclude(trial.kept())


def _judge_no_wait(trial: Trial, limited: Exchange) -> Judgement:
    """Judge a limited call whose answer has no readable time for the next call.

    It is broken only if the catalogue names the header under `limits` and nowhere else: where `headers`
    declares it, `response_headers` judges it, and RFC 6585, 4 says no more than that it may come.
    """
    retry = trial.model.limit_reader.retry
    declared = any(header.name.lower() == retry.lower() for header in trial.model.headers)
    if declared or not trial.model.source.has(("limits", "headers", "retry")):
        return trial.untested(f"no {retry} came that can be read")
    expected, text = f"{retry} with seconds or a date", limited.header(retry)
    return (
        trial.broken(expected, f"{retry}: {{text}}", text=text[:100])
        if text
        else trial.broken(expected, "none")
    )


def _judge_length(trial: Trial, after_s: float, bucket: Bucket, announced: int) -> Judgement | None:
    """Return the break of a Retry-After that is longer than the bucket needs; None if it is not."""
    window = bucket.refill == "window"
    back_s = bucket.per_s if window else bucket.per_s / announced
    longest = math.ceil(back_s) + 1  # Retry-After has whole seconds only (RFC 9110, 10.2.3)
    if after_s <= longest:
        return None
    until = f"a window of {back_s:g} s ends" if window else f"the next of {announced} in {bucket.per_s:g} s"
    expected = f"at most {longest} s until {until}"
    name = trial.model.limit_reader.retry
    return trial.broken(expected, f"{name}: {{after_s:g}} s", after_s=after_s)


def _judge_still_limited(trial: Trial, answer: Exchange, after_s: float) -> Judgement:
    """Judge a call that was limited after the announced wait. Other users may have caused that."""
    if trial.setting.exclusive:
        return trial.broken(f"a call passes after {after_s:g} s", answer.outcome)
    return trial.not_applicable(
        unless_alone(trial.setting, f"others may have made the call that was free after {after_s:g} s")
    )


CHECK = make_check("rate_limit_enforcement", __doc__, cases, stage=LAST, rank=Rank.WRONG)


# -- the calls of a burst that were let through


SLACK = 2
"""Calls more than the limit that accuse nobody: one at each end of a burst may count for another window."""
MOST_LIMIT = 10**9
"""A number from here on means no limit, such as the greatest integer of 32 bits."""
MOST_TIMES = 2
"""A key with more than this many times the published limit is unlimited."""
ENOUGH_TO_TELL = 20
"""Calls after which the pace of a burst is known; a first one also makes a connection."""
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
    limit: int
    passed: int = 0
    left: int = 0
    began: float = 0.0
    took_s: float = 0.0
    in_window: int = 0
    end: float | None = None

    def add(self, exchange: Exchange, setting: Setting) -> None:
        """Count a call that was let through."""
        self.began = self.began or exchange.sent_at
        self.took_s = exchange.answered_at - self.began
        self.passed += 1
        self.limit = _limit(setting, exchange) or self.limit
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
        if self.limit > self.bucket.requests * MOST_TIMES:
            return f"this unlimited key's limit is {self.limit:,}: an ordinary key shows it"
        if (
            self.passed >= ENOUGH_TO_TELL
            and self.took_s / self.passed * (self.limit / self.bucket.per_s) >= FULL_AGAIN
        ):
            return (
                f"the bucket refills as fast as this client sends: {self.passed / self.took_s:.1f} a second"
            )
        if (
            self.bucket.refill == "window"
            and not self.too_many()
            and self.passed > MOST_TRIED * self.limit + SLACK
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
            most = self.limit + math.ceil(self.took_s * (self.limit / per_s)) + SLACK
            return (
                f"a {LIMITED} after at most {self.limit} calls and what refilled in {self.took_s:.1f} s"
                if self.passed > most
                else ""
            )
        if self.in_window > self.limit + SLACK:
            return (
                f"a {LIMITED} after at most {self.limit} calls in a window of {per_s:g} s, one end of "
                "which was announced"
            )
        windows = 2 + math.floor(self.took_s / per_s)
        if self.passed > windows * self.limit + SLACK:
            return (
                f"a {LIMITED} after at most {windows} times {self.limit} calls in {self.took_s:.1f} s, by "
                f"windows of {per_s:g} s"
            )
        return ""


def _limit(setting: Setting, exchange: Exchange) -> int | None:
    rate = rate_of(exchange, setting)
    return rate.limit if rate is not None and rate.limit < MOST_LIMIT else None
