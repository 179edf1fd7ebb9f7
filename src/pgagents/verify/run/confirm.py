"""Try failing cases once more with fresh ids, to separate stable findings from others.

A call with several unusual arguments is then narrowed to those without which it breaks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.report.contract import Contract
from pgagents.report.curl import HABITS
from pgagents.report.report import GENERATED
from pgagents.report.verdicts import format_count
from pgagents.verify.cases.generated import may_vary, shrink
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.promise import Check
from pgagents.verify.run.breaks import RIGHT, Break, list_header_arguments, list_unusual, name_cause
from pgagents.verify.run.call_executor import Spent
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import Entry, Ledger
from pgagents.verify.run.transmission import Stop
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.exchange import Exchange

COSTS = 3
"""The usual number of requests to try a case again."""


def note_repeated(driver: Driver) -> None:
    """Note which calls ended the server twice, so that nobody sends them a third time."""
    for entry in driver.ledger.firsts():
        loss = entry.broken.chain[-1].loss if entry.broken is not None and entry.broken.chain else None
        if entry.broken is not None and loss is not None and loss.verdict == "repeated":
            entry.broken.stable = True


def confirm(driver: Driver, checks: Mapping[str, Check], budget: int) -> None:
    """Try the first case of each finding again, as long as requests are left."""
    remembering = frozenset(name for name, check in checks.items() if check.remembers)
    for entry in driver.ledger.firsts():
        found = entry.broken
        if found is not None and found.chain and found.chain[-1].loss is not None:
            continue  # it ends the server, and has been sent again already
        if found is None or driver.counted + COSTS > budget:
            continue
        remembers = entry.contract.check in remembering or _reads_before(entry.contract, found)
        if _has_habits(found):
            driver.sender.maker.plainly = True
            try:
                repeated = _try_again(driver, entry, found, remembers=remembers)
            finally:
                driver.sender.maker.plainly = False
            found.plain = repeated is not None and repeated.broken is not None
        if not found.plain and driver.counted + COSTS <= budget:
            _try_again(driver, entry, found, remembers=remembers)
        if found.stable and not remembers:
            narrow(driver, entry, found, budget)


def _has_habits(found: Break) -> bool:
    """True if the request that broke a contract has a header that only some clients send."""
    if not found.chain:
        return False
    sent = {name.lower() for name, _ in found.chain[-1].request.headers}
    return bool(sent & HABITS - set(list_header_arguments(found.chain[-1])))


def _try_again(driver: Driver, entry: Entry, found: Break, *, remembers: bool) -> Entry | None:
    """Repeat what broke a contract, and note whether it broke again. Return the contract's new state.

    None if it could not be repeated.
    """
    again = Ledger.of((e.contract for e in driver.ledger.entries.values()), driver.ledger.guesses)
    kept = driver.judge.replace_ledger(again)
    try:
        same = _repeat(driver, found, remembers=remembers)
    except (Unavailable, Spent, Stop):
        return None
    finally:
        driver.judge.replace_ledger(kept)
        driver.factory.pool.end(driver.factory.pool.holder)
    repeated = again.entries[entry.contract.id]
    if repeated.broken is not None or (repeated.kept and same):
        found.stable = repeated.broken is not None
    if repeated.broken is not None and repeated.broken.chain and found.chain:
        # nothing else was on its way this time
        found.chain[-1].printed = repeated.broken.chain[-1].printed or found.chain[-1].printed
    return repeated


def _reads_before(contract: Contract, found: Break) -> bool:
    """True if the law compares with an earlier state, so that one call alone cannot show the break."""
    return contract.check == "law" and bool(found.chain) and found.chain[-1].known is not None


def _repeat(driver: Driver, found: Break, *, remembers: bool) -> bool:
    """Repeat a probe from its beginning, or a watched call on an instance with the same past.

    Return True if the answer can be compared with the first one. It cannot if the call names another
    instance, if the check remembers earlier exchanges, or if the probe takes fewer requests.
    """
    if found.probe is not None:
        before = driver.counted
        driver.run(found.probe)
        # a probe that ends sooner did not come to what broke, such as the end of a list that is longer now
        return driver.counted - before >= found.steps
    call = found.call
    if call is None:
        return not remembers
    if call.subject is None:
        answer = driver.executor.call(replace(call, reuse=""), [])
        failed = bool(found.chain) and not found.chain[-1].success
        if answer.success and failed and driver.factory.marks.within(call.input):
            # what it equalled is gone by now, and was made anew by this
            answer = driver.executor.call(replace(call, reuse=""), [])
        same = not found.chain or not _is_another_read(answer, found)
        return same and not remembers and not _is_refused_otherwise(answer, found)
    live = InstanceRef(call.subject.name, call.states, fresh=bool(found.past) or call.fresh, role=call.owner)
    body = driver.executor.have(live)
    for again in (*found.past, call):
        driver.executor.call(replace(again, made=body, reuse=""), [])
    return False


def _is_refused_otherwise(answer: Exchange, found: Break) -> bool:
    """True if a repeated call was refused, and not as the call that broke the contract was.

    An instance that it made may be why, such as by a name that is taken now: then nothing was repeated.
    """
    first = found.chain[-1] if found.chain else None
    return answer.refused and (first is None or answer.status != first.status)


def _is_another_read(answer: Exchange, found: Break) -> bool:
    """True if a repeated GET has another value in its address, which the run had learnt meanwhile: a code of
    a currency in place of a made-up one (LNbits 1.6.2, 2026-11-30).
    """
    return answer.request.method == "GET" and answer.request.target != found.chain[-1].request.target


# -- the arguments that a break needs


MOST_NAMED = 3
"""The most arguments that a clause names."""
MOST_VALUE = 40
"""The most characters of a value that a clause shows."""


def narrow(driver: Driver, entry: Entry, found: Break, budget: int) -> None:
    """Find the arguments without which a right call breaks nothing, and note them and the smallest call.

    Nothing is sent for a call that costs something or that cannot be undone, nor beyond the budget.
    """
    call = found.chain[-1].call if found.chain else None
    if call is None or call.endpoint is None or call.intent not in RIGHT:
        return
    if sum(exchange.call.place == call.place for exchange in found.chain) > 1:
        return  # several calls show it together, such as the pages of a list
    marks = driver.factory.marks
    # a text that this run made up is as good as any other, so it tells no reader what the break needs
    anew = {name: value for name, value in call.input.items() if value and marks.is_new(value)}
    usual = {**template_of(driver.model, call.endpoint.action).input, **anew}
    unusual = list_unusual(call.input, usual)
    if not unusual:
        return
    is_known = len(unusual) == 1 and call.place in driver.memory.reached  # ordinary calls succeed
    if not (call.shrunk or is_known):
        if not _may_narrow(driver, found, call):
            return
        if not _send_smaller(driver, entry, found, usual, budget):
            return
    shown = found.shown
    if found.smaller is not None and call.why != GENERATED:
        last = shown.chain[-1]
        last.call = replace(last.call, why=f"{call.why}, made smaller")
    last = shown.chain[-1]
    shown.when = describe_arguments(last, usual)
    names = list_unusual(last.call.input, usual)
    if all(name in last.input for name in names):
        found.needs = {name: last.input[name] for name in names}


def _may_narrow(driver: Driver, found: Break, call: Call) -> bool:
    """Return True if smaller forms of a call may be sent, and show what they break by themselves."""
    assert call.endpoint is not None
    action = call.endpoint.action
    return (
        found.probe is None
        and call.raw.is_ordinary
        and not (call.beside or call.burst or call.asks or action.costs)
        and (action.only_reads or may_vary(driver.setting, call.endpoint))
    )


def _send_smaller(driver: Driver, entry: Entry, found: Break, usual: Mapping[str, Any], budget: int) -> bool:
    """Send smaller forms of a call, and keep the smallest that breaks the same. Return False if cut short."""
    cause, latest = name_cause(entry.contract, found), found

    def is_same(exchange: Exchange) -> bool:
        return (
            bool(latest.chain)
            and latest.chain[-1] is exchange
            and name_cause(entry.contract, latest) == cause
        )

    def answer(smaller: Call) -> Exchange:
        nonlocal latest
        if driver.counted + COSTS > budget:
            raise Spent
        exchange, broken = _send(driver, entry, smaller)
        if broken is not None:
            latest = broken
            if is_same(exchange):
                found.smaller = broken
        return exchange

    driver.sender.maker.plainly = found.plain
    try:
        with answering(answer):
            shrink(found.chain[-1], usual, is_same, driver.setting)
    except (Unavailable, Spent, Stop):
        return False
    finally:
        driver.sender.maker.plainly = False
    return True


def _send(driver: Driver, entry: Entry, call: Call) -> tuple[Exchange, Break | None]:
    """Send a call, on a fresh instance if it is about one. Return the exchange, and what it broke."""
    again = Ledger.of((entry.contract,), driver.ledger.guesses)
    kept = driver.judge.replace_ledger(again)
    try:
        if call.subject is not None:
            live = InstanceRef(call.subject.name, call.states, fresh=True, role=call.owner)
            call = replace(call, made=driver.executor.have(live))
        exchange = driver.executor.call(replace(call, reuse=""), [])
    finally:
        driver.judge.replace_ledger(kept)
        driver.factory.pool.end(driver.factory.pool.holder)
    return exchange, again.entries[entry.contract.id].broken


def describe_arguments(exchange: Exchange, usual: Mapping[str, Any]) -> str:
    """Return the unusual arguments of a call as a clause; empty if it has none, or too many to read.

    An argument that is left out is named if no other one is unusual.
    """
    values, names = exchange.input, list_unusual(exchange.call.input, usual)
    parts = [f"{name} is {_describe_value(values[name])}" for name in names if name in values]
    parts = parts or [f"{name} is left out" for name in names]
    return " and ".join(parts) if len(parts) <= MOST_NAMED else ""


def _describe_value(value: Any) -> str:
    """Return a value as JSON, or what it is if it is long."""
    if isinstance(value, str) and len(value) > MOST_VALUE:
        return f"a text of {len(value):,} characters"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= MOST_VALUE:
        return text
    return (
        f"a list of {format_count(len(value), 'item')}"
        if isinstance(value, list)
        else f"{text[:MOST_VALUE]}…"
    )
