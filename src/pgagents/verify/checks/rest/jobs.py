"""A job that an action starts ends in time, in a declared state, and its answer leads to it.

One job is started and read until it ends, by the operator's clock if there is one. Its final state stays. A
failed job gives a reason. A Location leads to the job, and a Retry-After is seconds or a date (RFC 9110,
10.2.3). A documented redirect of the read leads to the result, so the job has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from pgagents.catalogue.model.action import Job
from pgagents.catalogue.model.answers import retry_after_s, value_at
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own, Sleep
from pgagents.verify.wire.endpoint import MCP, OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

COST = 12
# longer and longer waits, which saves requests while a job takes minutes
FIRST_S, LONGER, LONGEST_S = 0.5, 1.6, 10.0
"""Seconds before the first read; the factor between two waits; the longest wait in seconds."""
MOST_WAIT_S = 300.0
"""The longest time, in seconds, that a run waits for a job. For longer ones it moves the clock."""
SLACK_S = 2.0
"""Seconds that a job may be late, because clocks differ and answers take time."""
ABSENT = 404


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield for each action on REST that starts a job that it ends, that it goes forward, and that it can be
    found.

    The probe of a long job has the operator's role, so that it is not selected without the operator's key.
    """
    for endpoint in setting.endpoints:
        job = endpoint.action.job
        reader = setting.endpoint(job.read_by, endpoint.surface) if job is not None else None
        if job is None or not endpoint.on_rest or reader is None:
            continue
        settled, long = None, job.within_s > MOST_WAIT_S
        if long and time_passes(setting, SLACK_S) is None:
            late = f"a job may take {job.within_s:g} s, longer than a run waits"
            settled = Verdict.NOT_APPLICABLE, f"{late}, and the API has no clock to move"
        attempt = Attempt(
            together=partial(_try, job=job, reader=reader, by_clock=OPERATOR in roles),
            cost=COST,
            role=OPERATOR if long else "main",
            writes=True,
            endpoints=(endpoint, reader),
        )
        name, ends = endpoint.action.name, " or ".join(job.ends)
        for detail, says in (
            ("ends", f"the job that {name} starts is {ends} within {job.within_s:g} s"),
            ("forward", f"the {job.state} of that job stays as it ended"),
            ("found", f"Location and Retry-After of {name} lead to the job"),
        ):
            yield Case(endpoint, says, job.origin, attempt, detail, settled=settled)


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


def _try(trials: Sequence[Trial], job: Job, reader: Endpoint, *, by_clock: bool) -> None:
    ends, forward, found = trials
    setting = ends.setting
    resource = setting.model.resources[job.resource]
    read = resource.read_by[0]
    started = ask(ends.call("explore", "a job is started", role="main"))
    body = at_path(resource.made_by, started)
    id = resource.id_of(body) if started.success else None
    if id is None:
        raise Untested(f"no job was started: {started.outcome}")
    ask(Own(started.number))
    conclude(_judge_headers(found, started, resource, reader, id))
    why = f"to see how far the {resource.name} is"
    call = Call(reader, read.input, "explore", why, role="main", subject=resource, made=body, owner="main")
    tool = setting.endpoint(job.read_by, MCP)
    if (
        tool is not None and setting.mcp is not None
    ):  # agents look by tools, and laws about a job under way hold there too
        ask(replace(call, endpoint=tool, surface=MCP))
    course = _Course([str(value_at(body, job.state))], body)
    _follow(setting, job, resource, call, course, started, by_clock=by_clock)
    at_once = len(course.states) == 1 and course.states[-1] in job.ends  # it was over before it was read
    if not at_once:
        conclude(_judge_end(ends, job, course, resource))
    if course.states[-1] not in job.ends:
        conclude(forward.untested(f"the {resource.name} was never read after its end"))
        return
    _pass(setting, SLACK_S, by_clock=by_clock)
    again = ask(call)
    if at_once:
        # The first answer may be shorter than a read, so either may say why the job failed.
        if again.success and not _gives_reason(job, course.body):
            course.body = at_path(read, again)
        conclude(_judge_end(ends, job, course, resource))
    if not again.success:
        conclude(forward.untested(f"the {resource.name} was not read after its end: {again.outcome}"))
        return
    final, last = course.states[-1], _state(again, job, resource)
    problem = "" if last == final else f"{job.state} is {{last}}"
    conclude(forward.judge(f"{final} is its last state", problem, last=last))


def _follow(
    setting: Setting,
    job: Job,
    resource: Resource,
    call: Call,
    course: _Course,
    started: Exchange,
    *,
    by_clock: bool,
) -> None:
    """Read a job until it ends, until its time is over, or until it cannot be read."""
    asked_s = retry_after_s(started.header("Retry-After"), started.sent_at)
    pause = min(max(asked_s or FIRST_S, 0.1), LONGEST_S)
    while course.states[-1] not in job.ends and course.passed_s <= job.within_s + SLACK_S:
        wait = min(pause, max(job.within_s + SLACK_S - course.passed_s, 0.1) + 0.1)
        _pass(setting, wait, by_clock=by_clock)
        course.passed_s += wait
        pause = min(pause * LONGER, LONGEST_S)
        exchange = ask(call)
        if exchange.void:
            course.unread = exchange.outcome
            return
        if exchange.sent_on and exchange.header("Location"):
            course.sent_on = True
            return
        if exchange.status == ABSENT and len(course.states) == 1:
            course.wrong = exchange.outcome  # it may not be there yet after a 202 (RFC 9110, 15.3.3)
            continue
        course.wrong = "" if exchange.success else exchange.outcome
        if course.wrong:
            return
        course.body = at_path(resource.read_by[0], exchange)
        course.states.append(_state(exchange, job, resource))


def _pass(setting: Setting, seconds: float, *, by_clock: bool) -> None:
    """Let time pass, by the operator's clock or by waiting."""
    moved = time_passes(setting, seconds) if by_clock else None
    ask(moved if moved is not None else Sleep(seconds, quiet=seconds < 1))


def _state(exchange: Exchange, job: Job, resource: Resource) -> str:
    return str(value_at(at_path(resource.read_by[0], exchange), job.state))


def _judge_end(trial: Trial, job: Job, course: _Course, resource: Resource) -> Judgement:
    state = course.states[-1]
    if course.unread:
        return trial.untested(f"the {resource.name} could not be read: {course.unread}")
    if course.sent_on:
        return trial.kept()
    if course.wrong:
        return trial.broken(f"the {resource.name} can be read until it has ended", course.wrong)
    if state not in job.ends:
        return trial.broken(
            f"{' or '.join(job.ends)} within {job.within_s:g} s",
            f"{job.state} is {{state}} after {{passed:.0f}} s",
            state=state,
            passed=course.passed_s,
        )
    if state in job.failed and job.reason is not None and not _gives_reason(job, course.body):
        shown = f"{value_at(course.body, job.reason)!r}"[:80]
        return trial.broken(f"a {state} {resource.name} says why at {job.reason}", "{shown}", shown=shown)
    return trial.kept()


def _gives_reason(job: Job, body: Any) -> bool:
    """True if a body gives the reason of a failure, as a text, a number, or an object of several members."""
    why = value_at(body, job.reason) if job.reason is not None else None
    return bool(why.strip() if isinstance(why, str) else why)


def _judge_headers(
    trial: Trial, started: Exchange, resource: Resource, reader: Endpoint, id: Any
) -> Judgement:
    """Judge the headers by which a client finds the job. The addresses in them are not called."""
    location, retry = started.header("Location"), started.header("Retry-After")
    if location is None and retry is None:
        return trial.not_applicable(
            "the answer has neither Location nor Retry-After: the id in its body leads to the job"
        )
    if retry is not None and retry_after_s(retry, started.sent_at) is None:
        return trial.broken("Retry-After is seconds or a date", "Retry-After: {retry}", retry=retry[:80])
    if location is None:
        return trial.kept()
    named = _id_in(location, trial.setting, started, reader, resource)
    if named is None:
        return trial.untested(f"Location leads to no path that reads a {resource.name}: {location[:120]}")
    if named != id_text(id):
        expected = f"Location leads to the {resource.name} {id_text(id)}"
        return trial.broken(expected, "{location}", location=location[:120])
    return trial.kept()


def _id_in(
    location: str, setting: Setting, started: Exchange, reader: Endpoint, resource: Resource
) -> str | None:
    """Return the id in a Location on the API's own host that matches the path of the reading action; None if
    it does not match.
    """
    own = setting.list_bases(started.call.endpoint)
    try:
        whole = urlsplit(urljoin(f"{own[0]}{started.request.path}", location))
        if whole.netloc.lower() not in {urlsplit(base).netloc.lower() for base in own}:
            return None
    except ValueError:
        return None
    path = whole.path
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


CHECK = make_check("jobs", __doc__, cases, rank=Rank.WRONG)
