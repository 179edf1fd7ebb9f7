"""Run a verification: list the contracts, draft the plan, drive its probes, and make the report."""

from __future__ import annotations

import gc
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler
from pgagents.catalogue.model.credential import schemes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Contract
from pgagents.report.report import RecordedExchange, Report
from pgagents.verify.cases.generated import say_undrawn
from pgagents.verify.check_registry import checks_for
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.plan import order
from pgagents.verify.plan import plan as planning
from pgagents.verify.plan.options import Identities, Options, Plan, Progress
from pgagents.verify.plan.selection import list_lasting, list_withheld
from pgagents.verify.promise import Probe
from pgagents.verify.run.breaks import exchange_of
from pgagents.verify.run.clean_up import clean_up, name_remaining
from pgagents.verify.run.confirm import confirm, note_repeated
from pgagents.verify.run.course import INTERRUPTED, Companion, Course
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.journal import JournalFile
from pgagents.verify.run.ledger import Ledger, find_guesses
from pgagents.verify.run.recovery import Recovered, begin_recording, recover
from pgagents.verify.run.report import make_report
from pgagents.verify.run.requests import Routes
from pgagents.verify.run.timing import OUT_OF_TIME, Clocks
from pgagents.verify.run.transmission import Stop
from pgagents.verify.setting import Setting, setting_of
from pgagents.verify.values.generators import OutOfTime, drawing_until
from pgagents.verify.wire.encode import find_secret_problem
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.receiver import Inbox

__all__ = ["Identities", "Options", "Plan", "Progress", "contracts", "plan", "verify"]

SELDOM = 20_000
"""The number of new objects after which Python's collector runs. Its default is 700."""


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let Python's garbage collector run seldom.

    Nearly every object here lasts, and listing the contracts of a large catalogue would take half as long
    again.
    """
    before = gc.get_threshold()
    gc.set_threshold(
        max(SELDOM, before[0]) if before[0] else 0, *before[1:]
    )  # 0: whoever runs us wants none at all
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_seldom_collected()
def contracts(model: Model, mcp: Link | None = None) -> tuple[Contract, ...]:
    """List every contract that this version can judge, in a stable order, without any request.

    `mcp` is an MCP server that is judged by its own list of tools.
    """
    setting = replace(setting_of(model, str(model.api.server)), mcp=mcp)
    return planning.all_contracts(setting, checks_for(setting))


@_seldom_collected()
def plan(
    model: Model,
    options: Options,
    identities: Identities,
    *,
    url: str = "",
    plain_url: str = "",
    receiver: Inbox | None = None,
    mcp: Link | None = None,
) -> Plan:
    """Forecast the requests of `verify` by bucket and stage, and the contracts they serve. Sends nothing.

    If the main key is missing, it is assumed to be of test mode.
    """
    key = model.find_key_prefix("test") or "key"
    identities = replace(identities, keys={"main": key, **identities.keys})
    setting = planning.make_setting(
        model,
        options,
        identities,
        url=url or str(model.api.server),
        plain_url=plain_url,
        receiver=receiver,
        mcp=mcp,
    )
    checks = checks_for(setting)
    listed = planning.all_contracts(setting, checks)
    made = planning.draft(setting, checks, listed, options, identities)
    made = replace(made, probes=(*made.probes, *order.by_phase(made.draw(), options.seed)))
    by_bucket, by_stage, seconds, reached = planning.simulate(
        made, model, options.shard[1] if options.shard else 1
    )
    selected = tuple(c for c in listed if c.id not in made.settled)
    left_out = tuple((r.contract, r.reason) for r in made.settled.values())
    by_contract, by_check = _count_costs(made, reached)
    total = sum(by_stage.values())
    return Plan(
        by_bucket,
        by_stage,
        total,
        seconds,
        selected,
        left_out,
        made.digest,
        by_contract,
        by_check,
        made.shares,
        made.apart,
        list_withheld(setting, options, writes=made.writes),
        list_lasting(setting, identities, options),
        say_undrawn(setting),
    )


def _count_costs(made: planning.Draft, reached: Sequence[Probe]) -> tuple[Counter[str], Counter[str]]:
    """Return the requests by contract and by check, of the probes that fit the budget or must be sent."""
    by_contract: Counter[str] = Counter()
    by_check: Counter[str] = Counter()
    sent = {id(p) for p in reached}
    for probe in (p for p in made.probes if p.priority == 1 or id(p) in sent):
        by_check[probe.check] += probe.cost
        by_contract.update(dict.fromkeys(probe.contracts, probe.cost))
    return by_contract, by_check


@_seldom_collected()
def verify(
    model: Model,
    handler: Handler,
    identities: Identities,
    options: Options,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    wall: Callable[[], str],
    url: str,
    on_progress: Callable[[Progress], None] | None = None,
    timer: Callable[[], float] | None = None,
    plain: Handler | None = None,
    plain_url: str = "",
    receiver: Inbox | None = None,
    mcp: Link | None = None,
    bare: Handler | None = None,
    companion: Companion | None = None,
    journal: JournalFile | None = None,
    begin_undoing: Callable[[Callable[[], Report]], None] | None = None,
    log: Callable[[RecordedExchange], None] | None = None,
) -> Report:
    """Hold a server to every contract, and report which ones it kept.

    `clock` gives seconds since 1970, which laws that read `now` use. `sleep` waits, `wall` gives the RFC 3339
    time of the start, `timer` measures (default: `clock`). `url` is the target's base URL: its host decides
    about writes if the catalogue gives keys no prefix. `plain` reaches the target's plain-http twin at
    `plain_url`; no real key goes there. `receiver` is the place to which the target can send its events,
    `mcp` the way to the MCP server that is verified with it. `bare` reaches the target without the headers
    that `handler` adds to every request. `companion` sees every exchange, and asks for calls after the
    plan's. The run writes what it could make into `journal` before it sends it, and first removes what
    earlier runs left. `log` gets each exchange, with secrets masked.

    A KeyboardInterrupt ends the run early: its instances are removed, and the report's footer says `complete`
    false. Raises PgagentsError if the run may not start, because there is no key or one that cannot sign.
    """
    timer = timer or clock
    begun = timer()
    identities = _add_main(model, identities, options)
    check_signing_secrets(model, identities)
    started_at = wall()
    setting = planning.make_setting(
        model,
        options,
        identities,
        url=url,
        plain_url=plain_url if plain else "",
        receiver=receiver,
        mcp=mcp,
        bare=bare,
    )
    tag = _tag(started_at, clock(), url, options)
    routes, clocks = Routes(setting, handler, plain), Clocks(clock, timer, sleep)
    until = begun + (math.inf if options.max_time_s is None else options.max_time_s)
    listed, made = _draft_in_time(setting, identities, options, lambda: timer() > until)
    recovered = Recovered()
    if journal is not None:
        recovered = recover(
            journal, routes, identities, options, made, _tag(tag, 0, url, options), clocks, wall
        )
    options = options.after(timer() - begun)
    driver = _make_driver(routes, identities, options, tag, clocks, listed, made)
    generating = timer() - begun
    if log is not None:
        driver.sender.exchanges.log = lambda exchange: log(driver.redactor.exchange(exchange_of(exchange)))
    try:
        if journal is not None:
            driver.sender.recorder = begin_recording(journal, driver, wall)
            driver.sender.notes.extend(filter(None, [recovered.note, recovered.stopped]))
        course = Course(driver, made, options, on_progress, begun)

        def make(stopped: str, behind: list[str]) -> Report:
            return make_report(course, options, stopped, behind, started_at, timer() - begun, generating)

        return _run_and_undo(course, companion, make, begin_undoing)
    finally:
        driver.close()


def _run_and_undo(
    course: Course,
    companion: Companion | None,
    make: Callable[[str, list[str]], Report],
    begin_undoing: Callable[[Callable[[], Report]], None] | None,
) -> Report:
    """Send what is planned, confirm what was found, and remove what was made."""
    driver, stopped = course.driver, _run(course, companion)
    _confirm(driver, stopped)
    if begin_undoing is not None:
        begin_undoing(lambda: make(stopped, name_remaining(driver)))
    report = make(stopped, _undo(driver, stopped, course.workers))
    ended = driver.sender.timing.left.lease_ended
    return replace(report, footer=replace(report.footer, lease_ended=True)) if ended else report


def _draft_in_time(
    setting: Setting, identities: Identities, options: Options, is_over: Callable[[], bool]
) -> tuple[tuple[Contract, ...], planning.Draft]:
    """Return all contracts, and the plan; without random values, if drawing them would take too long."""
    try:
        with drawing_until(is_over):
            return _draft(setting, identities, options)
    except OutOfTime:
        return _draft(replace(setting, drawn=0), identities, options)


def _draft(
    setting: Setting, identities: Identities, options: Options
) -> tuple[tuple[Contract, ...], planning.Draft]:
    """Return all contracts, and the plan."""
    checks = checks_for(setting)
    listed = planning.all_contracts(setting, checks)
    return listed, planning.draft(setting, checks, listed, options, identities)


def _make_driver(
    routes: Routes,
    identities: Identities,
    options: Options,
    tag: str,
    clocks: Clocks,
    listed: tuple[Contract, ...],
    made: planning.Draft,
) -> Driver:
    """Return the driver of a plan, whose ledger has the contracts with a verdict from before the run.

    `tag` begins the ids of the run.
    """
    setting = routes.setting
    model, checks = setting.model, checks_for(setting)
    ledger = Ledger.of(listed, find_guesses(model, checks), checks)
    ledger.settled.update(made.settled)
    ledger.usual = lambda action: template_of(model, action).input
    day = options.day or datetime.fromtimestamp(clocks.clock(), UTC).date()
    factory = FixtureFactory(setting, tag, model.env, day, options.shard or (1, 1))
    return Driver(routes, identities, options, made, ledger, factory, checks, clocks)


def _add_main(model: Model, identities: Identities, options: Options) -> Identities:
    """Return the identities with a `main` caller, also without a key if no call needs one.

    Raises PgagentsError if calls need a key and there is none, unless the run was started without a key on
    purpose.
    """
    needs_key = any(action.key for action in model.actions)
    other_scheme = any(role.startswith("main.") for role in identities.keys)
    if not needs_key or ("main" not in identities.keys and other_scheme):
        return replace(identities, calls_keyless=True)
    if "main" not in identities.keys and not options.keyless:
        raise PgagentsError(
            "there is no key to verify with", "set PGAGENTS_TOKEN, or give --identity main=ENVVAR"
        )
    return identities


def _run(course: Course, companion: Companion | None) -> str:
    """Run all probes, then those of the companion; return the reason why the run ended early, or an empty
    text.

    Verdicts are reset if the server answered nothing or refused the key.
    """
    driver = course.driver
    if companion is not None:
        driver.judge.note = companion.note
        companion.begin(driver.redact)
    try:
        stopped = course.run()
        if companion is not None and not stopped:
            stopped = course.run_for(companion)
    except KeyboardInterrupt:  # it came while the progress showed the end
        stopped = INTERRUPTED
    if driver.acceptance.refused or (stopped and not driver.answered):
        driver.ledger.reset()
    return stopped


def _tag(started_at: str, now: float, url: str, options: Options) -> str:
    """Return the beginning of this run's ids. Shards that start in the same second get different ones:
    idempotency keys must differ.
    """
    return sha256(f"{started_at} {now!r} {options.seed} {options.shard} {url}".encode()).hexdigest()[:16]


def _confirm(driver: Driver, stopped: str) -> None:
    """Try what failed once more, unless the run ended early."""
    left, notes = driver.sender.timing.left, driver.sender.notes
    if stopped:
        with suppress(Stop):  # whatever ended the run, the report says so if the lease had ended
            left.check()
    driver.executor.lost_answers.settle()
    note_repeated(driver)
    try:
        if not stopped:
            confirm(driver, checks_for(driver.setting), driver.sender.budget.most)
    except KeyboardInterrupt:
        notes.append("interrupted while failing cases were tried once more")


def _undo(driver: Driver, stopped: str, workers: int) -> list[str]:
    """Remove what the run made; return the names of what is left behind."""
    left, notes = driver.sender.timing.left, driver.sender.notes
    try:
        behind = clean_up(driver, workers, hurried=stopped in (INTERRUPTED, OUT_OF_TIME))
    except KeyboardInterrupt:  # it came between two removals
        behind = name_remaining(driver)
    if left.lease_ended and left.lease_ended != stopped:
        notes.append(left.lease_ended)
    return behind


# -- secrets that cannot sign


def check_signing_secrets(model: Model, identities: Identities) -> None:
    """Raise PgagentsError for a secret from the caller that its action's format cannot use."""
    for action in model.actions:
        secret = identities.keys.get(action.signed.role) if action.signed is not None else None
        if secret and (problem := find_secret_problem(schemes()[action.signed.scheme], secret)):
            raise PgagentsError(
                f"the secret of `{action.signed.role}` cannot sign {action.name}: {problem}",
                f"{action.signed.scheme} takes a secret such as `whsec_` and base64",
            )
