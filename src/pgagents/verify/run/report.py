"""Make the report of a run: verdicts with their reasons, findings, notes and figures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pgagents.base.text import brief
from pgagents.base.writing import printable
from pgagents.report.contract import Verdict, check_of
from pgagents.report.curl import of_break
from pgagents.report.reason import Reason, is_forbidden, redact
from pgagents.report.report import (
    ELSEWHERE,
    Alarm,
    ChangedRow,
    Finding,
    Footer,
    Header,
    Report,
    Result,
    Withheld,
)
from pgagents.verify.cases.generated import say_undrawn
from pgagents.verify.cases.projection_index import offers
from pgagents.verify.check_registry import checks_for
from pgagents.verify.fixtures.instance import names_in
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan import plan as planning
from pgagents.verify.plan.options import Options
from pgagents.verify.plan.selection import NO_WRITES, list_withheld
from pgagents.verify.run.course import Course
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import UNREACHED, Calls, Guesses, Ledger, find_guesses
from pgagents.verify.run.lifts import list_lifts, say_confirmed
from pgagents.verify.run.timing import TOO_FEW_LEFT
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import MCP, REST, Endpoint

MOST_WENT = 5
"""The most found rows that are named as being in their list no more."""
MOST_TITLE = 80
"""Longest name and version of an API in a report, in characters."""


def make_report(
    course: Course,
    options: Options,
    stopped: str,
    behind: list[str],
    started_at: str,
    seconds: float,
    generating: float,
) -> Report:
    """Make the report, without any secret. `seconds` are those of the whole run, `generating` those before
    its first request.
    """
    driver, made = course.driver, course.draft
    judge = driver.judge
    redacted = cache(driver.redactor.text)
    results = tuple(
        replace(r, reason=reason) if (reason := redact(r.reason, redacted)) is not r.reason else r
        for r in _results(driver, made, options, stopped)
    )
    findings = _add_curl_lines(tuple(driver.redactor.finding(f) for f in driver.ledger.findings()), driver)
    counts = Counter(r.verdict for r in results)
    lasting = driver.factory.lasting() + driver.factory.list_ended()
    footer = Footer(
        driver.sent,
        seconds,
        {v: counts[v] for v in Verdict},
        not stopped,
        judge.served,
        tuple(map(redacted, behind)),
        tuple(map(redacted, _notes(course, stopped))),
        max(0.0, generating),
        driver.sender.timing.seconds_sending,
        judge.seconds,
        may_exist=tuple(map(redacted, driver.factory.unsure.describe_all())),
        lasting=(*map(redacted, lasting), *_list_acted(driver, redacted)),
        workers=course.workers,
        alone=dict(sorted(course.alone.items())),
        drawn=course.count_drawn(),
        withheld=_redact_withheld(list_withheld(driver.setting, options, writes=made.writes), redacted),
        bought=dict(sorted(driver.sender.bought.items())),
        waits={redacted(name): seconds for name, seconds in driver.sender.holds.waits.items()},
        seconds_drawing=course.seconds_drawing,
        lifts=list_lifts(
            driver.setting,
            results,
            driver.memory.reached,
            driver.factory.list_refused(),
            driver.memory.delays,
        ),
        alarm=_redact_alarm(driver, redacted),
    )
    findings = tuple(replace(f, confirm=say_confirmed(driver.model, f.confirm)) for f in findings)
    said = {name: check.about for name, check in sorted(checks_for(driver.setting).items())}
    header = _make_header(driver, options, started_at, len(results))
    return Report(header, findings, results, footer, said, carried=_list_carriers(driver.setting))


def _make_header(driver: Driver, options: Options, started_at: str, contracts: int) -> Header:
    model, guesses = driver.model, driver.factory.guesses
    return Header(
        "pgagents",
        _version(),
        str(model.source.file),
        model.sha256,
        driver.setting.url,
        options.seed,
        options.profile,
        started_at,
        contracts,
        shard=options.shard,
        title=printable(f"{model.api.title} {model.api.version}".strip())[:MOST_TITLE],
        unasked=_list_unasked(driver.setting),
        day=guesses.day.isoformat() if guesses.drawn else "",
    )


def _list_acted(driver: Driver, redacted: Callable[[str], str]) -> list[str]:
    """Return, as texts like `3 × GET /reboot`, the calls that did what no resource shows."""
    labels = {str(action.name): f"{action.method} {action.path}" for action in driver.model.actions}
    labels |= {get.action: get.label for get in driver.model.withheld.gets}
    return [
        redacted(f"{done:,} × {labels[name]}" + (f" ({perhaps:,} more in doubt)" if perhaps else ""))
        for name, (done, perhaps) in sorted(driver.sender.acted.items())
    ]


def _redact_alarm(driver: Driver, redacted: Callable[[str], str]) -> Alarm | None:
    alarm = driver.executor.gate.tripwire.alarm
    if alarm is None:
        return None
    calls = tuple(map(driver.redactor.exchange, alarm.calls))  # first, as they teach what rows may repeat
    rows = (ChangedRow(redacted(r.name), redacted(r.before), redacted(r.after)) for r in alarm.rows)
    return replace(alarm, calls=calls, rows=tuple(rows), others=redacted(alarm.others))


def _redact_withheld(withheld: Withheld, redacted: Callable[[str], str]) -> Withheld:
    calls = (
        replace(c, operation=redacted(c.operation), why=redacted(c.why), reason=redacted(c.reason))
        for c in withheld.calls
    )
    arguments = (
        replace(one, argument=redacted(one.argument), allow=tuple(map(redacted, one.allow)))
        for one in withheld.arguments
    )
    return replace(withheld, calls=tuple(calls), arguments=tuple(arguments))


def _add_curl_lines(findings: tuple[Finding, ...], driver: Driver) -> tuple[Finding, ...]:
    """Return the findings with a curl line for each further contract, so that none hides another problem.

    These lines have no private value. A finding's own line has the private values that the run made up.
    """
    last, redactor, url = driver.ledger.list_last_exchanges(), driver.redactor, driver.setting.url

    def show(id: str) -> str:
        return redactor.known.mask_own(of_break(check_of(id), redactor.exchange(last[id]), url))

    return tuple(replace(f, also_curl={id: show(id) for id in f.also if id in last}) for f in findings)


def _list_unasked(setting: Setting) -> tuple[str, ...]:
    """List the surfaces that a catalogue over a document, or a document, has by default.

    An MCP server that this run calls is asked for.
    """
    model = setting.model
    default = (name for name in model.surfaces if model.source.is_from_document(("surfaces", name)))
    return tuple(name for name in default if name != REST and not (name == MCP and setting.mcp is not None))


def _list_carriers(setting: Setting) -> dict[str, tuple[str, ...]]:
    """List the endpoints that carry the calls of each vendor's surface. Such a surface has no endpoint of its
    own.
    """
    found: dict[str, dict[str, None]] = {}
    for offer in offers(setting):
        if offer.surface.name != offer.endpoint.surface:
            found.setdefault(offer.surface.name, {})[offer.endpoint.place] = None
    return {surface: tuple(places) for surface, places in found.items()}


def _say_used(driver: Driver) -> Iterator[str]:
    """Yield what went, or changed, of the found rows in which the run made something: a ticket by a reply.

    Numbers of other rows, such as ranks, may have moved.
    """
    tripwire = driver.executor.gate.tripwire

    def show(changes: Mapping[tuple[str, str, str], Sequence[tuple[str, Any, Any]]]) -> list[str]:
        return [
            f"{key[0]} {brief(key[2])} ({path}: {brief(json.dumps(was))}, now {brief(json.dumps(now))})"
            for key, ((path, was, now), *_) in changes.items()
        ]

    several = {
        "found and used by this run, and in the list no more": [
            f"{key[0]} {brief(key[2])}" for key in tripwire.went
        ],
        "found and used by this run, and changed": show(tripwire.list_used_changes()),
        "there before this run, with other numbers now": show(tripwire.list_moved()),
    }
    for what, rows in several.items():
        more = f" and {len(rows) - MOST_WENT:,} more" if len(rows) > MOST_WENT else ""
        if rows:
            yield f"{what}: {', '.join(rows[:MOST_WENT])}{more}"


def _notes(course: Course, stopped: str) -> list[str]:
    """Return notes for the reader: the early end of the run, waits, and internal errors."""
    driver = course.driver
    ledger = driver.ledger
    doubt = driver.acceptance.describe()
    notes = [
        *([stopped] if stopped else []),
        *([doubt] if doubt else []),
        *([driver.sender.timing.left.cut] if driver.sender.timing.left.cut else []),
        *dict.fromkeys(driver.sender.notes),
        *driver.executor.lost_answers.notes,
    ]
    if not stopped and course.lanes == 1 < course.most_lanes:
        notes.append("probes ran one at a time: they do until a call with the key is answered, and none was")
    if driver.executor.gate.tripwire.is_blind and not driver.setting.exclusive:
        notes.append("what others have could not be compared: no list shows older rows")
    notes += _say_used(driver)
    if undrawn := say_undrawn(driver.setting):
        notes.append(undrawn)
    if driver.setting.mcp is not None:
        notes.append(driver.setting.mcp.summary)
    if driver.sender.clocks.moved_s:
        ahead = timedelta(seconds=round(driver.sender.clocks.moved_s))
        notes.append(
            f"the operator's clock is {ahead} ahead, and stays so: without the operator's key its times look "
            "wrong"
        )
    if ledger.internal:
        notes.append(f"{len(ledger.internal)} internal errors: {ledger.internal[0]}")
    if ledger.unknown:
        notes.append(f"judged but never listed: {', '.join(sorted(ledger.unknown)[:5])}")
    return notes


def _results(driver: Driver, made: planning.Draft, options: Options, stopped: str) -> tuple[Result, ...]:
    mute = driver.setting.mcp.problem if driver.setting.mcp is not None else ""
    disguised = driver.judge.disguised
    guesses, memory = find_guesses(driver.model), driver.memory
    elsewhere = _list_places_elsewhere(driver.ledger)
    calls = Calls(
        memory.reached | elsewhere,
        memory.asked | elsewhere,
        memory.put_off,
        memory.delays,
        driver.judge.invented,
        driver.setting.by_place.keys(),
    )
    every = driver.ledger.results(calls, stopped)
    called = {place.rpartition("@")[0] for place in memory.reached | memory.asked}
    withheld = {
        r.contract.action: r.reason
        for r in every
        if r.contract.action
        and r.contract.action not in called
        and (is_forbidden(r.reason) or r.reason == NO_WRITES)
    }
    found = []
    for result in every:
        if result.verdict is Verdict.UNTESTED:
            said = disguised.get(result.contract.place, "")
            if said and result.contract.place not in driver.memory.reached:
                result = replace(result, reason=said)
            elif reason := _find_why_not_selected(driver, made, options, stopped, result, withheld):
                result = Result(result.contract, Verdict.NOT_SELECTED, reason)
            elif mute and result.contract.surface == MCP and result.reason in (stopped, UNREACHED):
                result = Result(result.contract, Verdict.UNTESTED, mute)
        if result.verdict is Verdict.UNTESTED and not stopped and not options.counts_untried:
            result = replace(result, excused=_is_excused(driver, made, guesses, result))
        found.append(result)
    return tuple(found)


def _list_places_elsewhere(ledger: Ledger) -> set[str]:
    """Return the places (`action@surface`) whose success another shard shows, as it has their valid calls."""
    valid = [entry.contract for entry in ledger.entries.values() if entry.contract.check == "valid_calls"]
    theirs = {id for id, result in ledger.settled.items() if result.reason == ELSEWHERE}
    here = {contract.place for contract in valid if contract.id not in theirs}
    return {contract.place for contract in valid if contract.id in theirs} - here


def _is_excused(driver: Driver, made: planning.Draft, guesses: Guesses, result: Result) -> bool:
    """Return True if no run of this kind can promise a verdict on an untested contract.

    A document does not say where ids come from, nor does an inferred part. A run that only reads sees what
    the server holds, and makes nothing. It owes a verdict only on reads that never answered.
    """
    contract, setting = result.contract, driver.setting
    entry = driver.ledger.entries[contract.id]
    if contract.id in driver.ledger.settled or entry.disturbed or entry.reason == TOO_FEW_LEFT:
        return False
    endpoint = setting.by_place.get(contract.place)
    if entry.excused:
        return True
    if driver.model.source.is_document or setting.listing is not None or guesses.concern(contract, endpoint):
        return True
    return not made.writes and (not contract.action or contract.place in driver.memory.reached)


def _find_why_not_selected(
    driver: Driver,
    made: planning.Draft,
    options: Options,
    stopped: str,
    result: Result,
    withheld: Mapping[str, str],
) -> str:
    """Return the option by which the caller left a contract untested; empty if it was not an option.

    `withheld` are the reasons, by action, for calls that a flag would let pass. A run that ended early also
    left out what it did not reach.
    """
    contract, unscoped = result.contract, driver.memory.unscoped.get(result.contract.place, "")
    if stopped:
        return unscoped
    unprovoked = made.unprovoked.get(contract.id)
    if unprovoked and not driver.ledger.entries[contract.id].error:
        return unprovoked
    if not made.writes and driver.setting.listing is None and _for_want_of_writes(driver, made, result):
        return NO_WRITES
    if is_forbidden(result.reason):
        return result.reason
    if contract.action in withheld:
        return withheld[contract.action]
    if unscoped:
        return unscoped
    outside = options.profile == "smoke" and _never_tried(driver, result)
    standard = "--profile standard"
    return Reason(f"outside the smoke profile; {standard} tries it", (standard,)) if outside else ""


def _for_want_of_writes(driver: Driver, made: planning.Draft, result: Result) -> bool:
    """True if a contract is untested only because the key may not write."""
    place = result.contract.place
    setting, action = driver.setting, result.contract.action
    endpoint = setting.by_place.get(place) or (setting.find_lead(action) if action else None)
    entry = driver.ledger.entries[result.contract.id]
    if entry.reason == NO_WRITES:
        return True
    if entry.error or entry.unjudged or action in driver.memory.delays:
        return False
    seen = not result.contract.action or place in driver.memory.reached
    if seen and not entry.reason and result.contract.id in made.for_writing:
        return True
    if not action:
        return False
    reads = endpoint is not None and endpoint.action.only_reads
    if reads and not _names_what_is_made(driver, endpoint):
        return False
    return place not in driver.memory.reached


def _names_what_is_made(driver: Driver, endpoint: Endpoint | None) -> bool:
    """True if a call names an instance that only a write can make."""
    if endpoint is None:
        return False
    template, resources = template_of(driver.model, endpoint.action), driver.model.resources
    named = {value.resource for value in template.input.values() if isinstance(value, InstanceRef)}
    named |= names_in(template.input.values()) | {p.refers_to for p in endpoint.params if p.refers_to}
    named |= {r.name for r in resources.values() if any(c.action is endpoint.action for c in r.read_by)}
    return any(resources[name].made_by is not None for name in named if name in resources)


def _never_tried(driver: Driver, result: Result) -> bool:
    entry = driver.ledger.entries[result.contract.id]
    return not entry.error and entry.reason in ("", TOO_FEW_LEFT)


def _version() -> str:
    try:
        return version("pgagents")
    except PackageNotFoundError:
        return "unknown"
