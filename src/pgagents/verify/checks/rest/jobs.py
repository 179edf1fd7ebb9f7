"""A job that an action starts ends in time, in a declared state, and its answer leads to it.

One job is started and read until it ends, by the operator's clock if there is one. Its state never goes back
in the order of the resource's `states`, and the final state stays. A failed job gives a reason. A Location
leads to the job, and a Retry-After is seconds or a date (RFC 9110, 10.2.3). A documented
redirect of the read leads to the result, so the job has ended.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from pgagents.catalogue.model.action import ActionCall, Job
from pgagents.catalogue.model.answers import retry_after_s, value_at
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of, time_passes
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Own, Sleep
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "jobs"
COST = 12
FIRST_S, LONGER, LONGEST_S = 0.5, 1.6, 10.0
"""Seconds before the first read; the factor between two waits; the longest wait in seconds."""
MOST_WAIT_S = 300.0
"""The longest time, in seconds, that a run waits for a job. For longer ones it moves the clock."""
SLACK_S = 2.0
"""Seconds that a job may be late, because clocks differ and answers take time."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield three contracts for each action that starts a job: it ends, it goes forward, it can be found."""
    for endpoint, job, _ in _jobs(setting):
        ends = " or ".join(job.ends)
        says = {
            "ends": f"the job that {endpoint.action.name} starts is {ends} within {job.within_s:g} s",
            "forward": f"the {job.state} of that job never goes back, and stays as it ended",
            "found": f"Location and Retry-After of {endpoint.action.name} lead to the job",
        }
        for detail, text in says.items():
            yield promise(NAME, detail, endpoint, text, job.origin, endpoint.action.cite)


def _jobs(setting: Setting) -> Iterator[tuple[Endpoint, Job, Endpoint]]:
    """Yield each REST endpoint that starts a job, with the endpoint that reads it."""
    for endpoint in setting.endpoints:
        job = endpoint.action.job
        reader = setting.endpoint(job.read_by, endpoint.surface) if job is not None else None
        if job is not None and endpoint.on_rest and reader is not None:
            yield endpoint, job, reader


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude jobs that may take longer than a run waits, unless the API has a clock that can be moved."""
    job = next(job for endpoint, job, _ in _jobs(setting) if endpoint.place == contract.place)
    if job.within_s > MOST_WAIT_S and time_passes(setting, SLACK_S) is None:
        why = f"a job may take {job.within_s:g} s, longer than a run waits, and the API has no clock to move"
        return Verdict.NOT_APPLICABLE, why
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each action that starts a job.

    That of a long job has the operator's role, so that it is not selected without the operator's key.
    """
    for endpoint, job, reader in _jobs(setting):
        covers = tuple(f"{NAME}/{detail}/{endpoint.place}" for detail in ("ends", "forward", "found"))
        run = partial(_run, setting, endpoint, job, reader, by_clock=OPERATOR in roles)
        role = OPERATOR if job.within_s > MOST_WAIT_S else "main"
        yield Probe(covers[0], 6, covers, COST, run, (endpoint, reader), role, True)


@dataclass(slots=True)
class _Course:
    """The observed course of a job: its states in order, its last body, and the seconds that it has taken.

    `wrong` is a refusal to show the job. `unread` is an answer that proves nothing, such as a 429. `sent_on`
    is true if a documented redirect led to the result.
    """

    states: list[str] = field(default_factory=list)
    body: Any = None
    passed_s: float = 0.0
    wrong: str = ""
    unread: str = ""
    sent_on: bool = False


def _run(setting: Setting, endpoint: Endpoint, job: Job, reader: Endpoint, *, by_clock: bool) -> Conversation:
    ends, forward, found = (f"{NAME}/{detail}/{endpoint.place}" for detail in ("ends", "forward", "found"))
    resource = setting.model.resources[job.resource]
    template = template_of(setting.model, endpoint.action)
    started: Exchange = yield ordinary(endpoint, template, "explore", "a job is started")
    body = at_path(resource.made_by, started)
    id = resource.id_of(body) if started.success else None
    if id is None:
        for contract in (ends, forward, found):
            yield judge_untested(contract, f"no job was started: {started.outcome}")
        return
    yield Own(started.number)
    yield _judge_headers(started, resource, reader, id, found)
    call = _reading(resource.read_by[0], reader, body, resource)
    course = _Course([str(value_at(body, job.state))], body)
    yield from _follow(setting, job, resource, call, course, started, by_clock=by_clock)
    at_once = len(course.states) == 1 and course.states[-1] in job.ends
    if not at_once:
        yield _judge_end(job, course, ends, resource)
    if course.states[-1] in job.ends:
        yield from _pass(setting, SLACK_S, by_clock=by_clock)
        again: Exchange = yield call
        if at_once:
            # The first answer may be shorter than a read, so either may say why the job failed.
            if again.success and not _find_reason(job, course.body):
                course.body = at_path(resource.read_by[0], again)
            yield _judge_end(job, course, ends, resource)
        if again.success:
            course.states.append(_state(again, job, resource))
    yield _judge_order(job, resource, course.states, forward)


def _reading(read: ActionCall, reader: Endpoint, body: Any, resource: Resource) -> Call:
    """Return the call that reads the job."""
    return Call(
        reader,
        read.input,
        "explore",
        f"to see how far the {resource.name} is",
        role="main",
        subject=resource,
        made=body,
        owner="main",
    )


def _follow(
    setting: Setting,
    job: Job,
    resource: Resource,
    call: Call,
    course: _Course,
    started: Exchange,
    *,
    by_clock: bool,
) -> Generator[Any, Any, None]:
    """Read a job until it ends, until its time is over, or until it cannot be read."""
    told = retry_after_s(started.header("Retry-After"), started.sent_at)
    pause = min(max(told or FIRST_S, 0.1), LONGEST_S)
    while course.states[-1] not in job.ends and course.passed_s <= job.within_s + SLACK_S:
        wait = min(pause, max(job.within_s + SLACK_S - course.passed_s, 0.1) + 0.1)
        yield from _pass(setting, wait, by_clock=by_clock)
        course.passed_s += wait
        pause = min(pause * LONGER, LONGEST_S)
        exchange: Exchange = yield call
        if exchange.void:
            course.unread = exchange.outcome
            return
        if exchange.sent_on and exchange.header("Location"):
            course.sent_on = True
            return
        if not exchange.success:
            course.wrong = exchange.outcome
            return
        course.body = at_path(resource.read_by[0], exchange)
        course.states.append(_state(exchange, job, resource))


def _pass(setting: Setting, seconds: float, *, by_clock: bool) -> Generator[Any, Any, None]:
    """Let time pass, by the operator's clock or by waiting."""
    moved = time_passes(setting, seconds) if by_clock else None
    yield moved if moved is not None else Sleep(seconds, quiet=seconds < 1)


def _state(exchange: Exchange, job: Job, resource: Resource) -> str:
    return str(value_at(at_path(resource.read_by[0], exchange), job.state))


def _judge_end(job: Job, course: _Course, contract: str, resource: Resource) -> Judgement:
    state = course.states[-1]
    if course.unread:
        return judge_untested(contract, f"the {resource.name} could not be read: {course.unread}")
    if course.sent_on:
        return judge_kept(contract)
    if course.wrong:
        return judge_broken(contract, f"the {resource.name} can be read until it has ended", course.wrong)
    if state not in job.ends:
        expected = f"{' or '.join(job.ends)} within {job.within_s:g} s"
        return judge_broken(contract, expected, f"{job.state} is {state} after {course.passed_s:.0f} s")
    if state in job.failed and job.reason is not None and not _find_reason(job, course.body):
        why = value_at(course.body, job.reason)
        return judge_broken(contract, f"a {state} {resource.name} says why at {job.reason}", f"{why!r}"[:80])
    return judge_kept(contract)


def _find_reason(job: Job, body: Any) -> str:
    """Return the reason of a failure; empty if the body gives none."""
    why = value_at(body, job.reason) if job.reason is not None else None
    return why.strip() if isinstance(why, str) else ""


def _judge_order(job: Job, resource: Resource, states: list[str], contract: str) -> Judgement:
    """Judge that each state comes after the one before it, and that a final state stays."""
    for before, after in pairwise(states):
        if before == after:
            continue
        rank = {state: n for n, state in enumerate(resource.states)}
        if before in job.ends or rank.get(after, math.inf) < rank.get(before, -1):
            expected = f"after {before} none of the states before it"
            expected = f"{before} is its last state" if before in job.ends else expected
            return judge_broken(contract, expected, f"{job.state} is {after}")
    return judge_kept(contract)


def _judge_headers(
    started: Exchange, resource: Resource, reader: Endpoint, id: Any, contract: str
) -> Judgement:
    """Judge the headers by which a client finds the job. The addresses in them are not called."""
    location, retry = started.header("Location"), started.header("Retry-After")
    if location is None and retry is None:
        why = "the answer has neither Location nor Retry-After: the id in its body leads to the job"
        return Judgement(contract, Verdict.NOT_APPLICABLE, why)
    if retry is not None and retry_after_s(retry, started.sent_at) is None:
        return judge_broken(contract, "Retry-After is seconds or a date", f"Retry-After: {retry[:80]}")
    if location is None:
        return judge_kept(contract)
    named = _id_in(location, started, reader, resource)
    if named is None:
        return judge_untested(
            contract, f"Location leads to no path that reads a {resource.name}: {location[:120]}"
        )
    if named != id_text(id):
        return judge_broken(contract, f"Location leads to the {resource.name} {id_text(id)}", location[:120])
    return judge_kept(contract)


def _id_in(location: str, started: Exchange, reader: Endpoint, resource: Resource) -> str | None:
    """Return the id in a Location that matches the path of the reading action; None if it does not match."""
    try:
        path = urlsplit(urljoin(f"http://host{started.request.path}", location)).path
    except ValueError:
        return None
    wanted = str(reader.path).split("/")
    steps = path.split("/")[-len(wanted) + 1 :]
    values: Mapping[str, str] = {}
    for pattern, step in zip(wanted[1:], steps, strict=False):
        if pattern.startswith("{") and pattern.endswith("}"):
            values = {**values, pattern[1:-1]: unquote(step)}
        elif pattern != step:
            return None
    mine = [p for p in reader.params if p.refers_to == resource.name and p.wire in values]
    return "/".join(values[p.wire] for p in mine) if mine and len(steps) == len(wanted) - 1 else None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
