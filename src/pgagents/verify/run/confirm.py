"""Try failing cases once more with fresh ids, to separate stable findings from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgagents.report.contract import Contract
from pgagents.report.curl import HABITS
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.promise import Check
from pgagents.verify.run.call_executor import Spent
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import Break, Entry, Ledger
from pgagents.verify.run.transmission import Stop, finish
from pgagents.verify.wire.call import InstanceRef

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


def _has_habits(found: Break) -> bool:
    """True if the request that broke a contract has a header that only some clients send."""
    sent = found.chain[-1].request.headers if found.chain else ()
    return any(name.lower() in HABITS for name, _ in sent)


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
    if call is None or call.subject is None:
        if call is not None:
            finish(driver.executor.call(replace(call, reuse=""), []))
        return not remembers
    live = InstanceRef(call.subject.name, call.states, fresh=bool(found.past) or call.fresh, role=call.owner)
    body = finish(driver.executor.have(live))
    for again in (*found.past, call):
        finish(driver.executor.call(replace(again, made=body, reuse=""), []))
    return False
