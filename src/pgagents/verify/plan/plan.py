"""Draft the plan of a run: the probes of all checks, the contracts left out with their reasons, and the
cost.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgagents.http import Handler
from pgagents.model.contract import Contract
from pgagents.model.model import Model
from pgagents.report.report import Result
from pgagents.verify.check.check import AGAIN, RANDOM, Check, Probe
from pgagents.verify.check.compiled import compile_catalogue
from pgagents.verify.check.setting import Setting
from pgagents.verify.plan.budget import BURSTS, again_until, apart, budget, shares
from pgagents.verify.plan.needed import FIRST, choose_probes, list_further_probes
from pgagents.verify.plan.options import DISCOVERY_FLAG, SMOKE_REQUESTS, Identities, Options
from pgagents.verify.plan.order import LAST, by_phase, for_smoke, order_for_survey
from pgagents.verify.plan.safety import loopback, may_write
from pgagents.verify.plan.selection import (
    list_possible,
    list_shown_when_limited,
    settle_contracts,
    settle_without_identity,
)
from pgagents.verify.plan.shard import elsewhere
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp.link import Link
from pgagents.verify.wire.receiver import Inbox

DRAWS = 25
RESERVE = 15
"""Further requests of a shard, with which it tries failing cases once more."""
DRAWING = ("no_crashes", "invalid_input")
"""The checks that have probes with random calls."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The ordered probes, and the contracts that are decided before any traffic."""

    probes: tuple[Probe, ...]
    settled: Mapping[str, Result]
    max_requests: int
    digest: str
    again_until: int = 0
    """The number of requests after which a probe no longer starts if it only repeats others."""
    for_last: int = 0
    """The part of `max_requests` for probes of the last stage, which exceed rate limits."""
    writes: bool = True
    apart: int = 0
    """The number of requests, besides `max_requests`, that undo changes or repeat a call to a busy server."""
    shares: Mapping[str, int] = field(default_factory=dict)
    """The parts of `max_requests` by purpose; empty if the caller set the maximum."""
    draw: Callable[[], Iterable[Probe]] = tuple
    """Generate the probes with random calls, which come after all others.

    Generating takes many seconds for a large catalogue, so a run sends the other probes first.
    """
    room: int = 0
    """The number of requests for random calls."""
    draws_writes: bool = False
    """True if writes have random calls too."""
    for_writing: frozenset[str] = frozenset()
    """The ids of contracts that no probe of this plan is for, because the run only reads."""
    unprovoked: Mapping[str, str] = field(default_factory=dict)
    """The reasons for contracts that no probe of this plan provokes, by id. They are judged all the same if
    an answer shows them.
    """


def make_setting(
    model: Model,
    options: Options,
    identities: Identities,
    *,
    url: str,
    plain_url: str = "",
    receiver: Inbox | None = None,
    mcp: Link | None = None,
    bare: Handler | None = None,
) -> Setting:
    """Make the context of a run from its options and identities."""
    deep = options.profile == "deep"
    return Setting(
        compile_catalogue(model, url, tools_lead=options.tools_lead and mcp is not None),
        plain_url,
        seed=options.seed,
        fuzz=deep,  # Schemathesis' coverage adds little to our own values, and costs a second
        draws=DRAWS if deep else 0,
        drawn=DRAWS if deep else 0,
        drawn_writes=may_write(model, identities, options),
        limits=options.limits,
        discovery=options.only_said == DISCOVERY_FLAG,
        exclusive=options.shard is None
        and (options.exclusive or loopback(url)),  # other shards use the server, too
        mcp=mcp,
        receiver=receiver,
        bare=bare,
        oauth=identities.oauth,
        reach=identities.reach,
        servers=identities.servers,
        strangers=identities.strangers,
        roles=identities.roles,
    )


def all_contracts(setting: Setting, checks: Mapping[str, Check]) -> tuple[Contract, ...]:
    """List every contract of every check, in the order of check names, each id once."""

    def collect_contracts() -> tuple[Contract, ...]:
        found: dict[str, Contract] = {}
        for name in sorted(checks):
            for contract in checks[name].promises(setting):
                found.setdefault(contract.id, contract)
        return tuple(found.values())

    return setting.compute_once(("contracts", setting.discovery), collect_contracts)


def draft(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    options: Options,
    identities: Identities,
) -> Draft:
    """Order the probes, and decide which contracts are not selected or not applicable.

    `setting` must be made from the same options and identities.
    """
    writes = may_write(setting.model, identities, options)
    probes = _probes(setting, checks, identities.roles)
    with_keys = list_possible(setting, probes, identities)
    shared = [p for p in with_keys if p.stage != LAST]
    settled = settle_contracts(
        setting, checks, contracts, options, writes, elsewhere(contracts, options.shard, shared)
    )
    wanted = {c.id for c in contracts if c.id not in settled}
    settled |= settle_without_identity(setting, probes, contracts, wanted, identities, options)
    wanted -= settled.keys()
    possible = [p for p in with_keys if writes or not p.writes or _is_allowed(setting, p, options)]
    parts = shares(setting, checks, contracts, possible)
    ordered = _select(setting, checks, contracts, possible, wanted, options, budget(options, parts))
    most = budget(options, parts)
    room = _find_room(options, parts, ordered)
    order = for_smoke if options.profile == "smoke" else order_for_survey
    ordered = order(setting, ordered, [c for c in contracts if c.id in wanted], min(SMOKE_REQUESTS, most))
    if options.shard and options.max_requests is None and options.profile == "standard":
        most = min(most, _share(ordered, wanted, most, options.shard[1]))
    again = again_until(setting, options, most)
    if options.shard:
        whole = again_until(setting, options, budget(options, parts))
        again = _share_repeats(shared, ordered, again, whole, options.shard[1])
    bounded = options.max_requests is not None
    last = sum(p.cost for p in ordered if p.stage == LAST) if options.limits and not bounded else 0
    unprovoked = {} if options.limits else list_shown_when_limited(setting, contracts)
    return Draft(
        tuple(ordered),
        settled,
        most + last,
        _digest(options, ordered),
        again,
        last,
        writes,
        apart(options, most),
        _show_shares(options, parts),
        lambda: _draw_random_calls(setting, checks, room, ordered, wanted),
        room,
        any(p.writes for p in ordered),
        _list_for_writing(with_keys, possible, wanted),
        unprovoked,
    )


def _list_for_writing(
    probes: Sequence[Probe], possible: Sequence[Probe], wanted: Iterable[str]
) -> frozenset[str]:
    """Return the wanted contracts that no possible probe is for; none if every probe is possible."""
    if len(probes) == len(possible):
        return frozenset()
    return frozenset(wanted) - {id for probe in possible for id in probe.contracts}


def _is_allowed(setting: Setting, probe: Probe, options: Options) -> bool:
    """True if all that a probe writes are GETs that act by their words and that the caller permitted."""
    writing = [e.action for e in probe.endpoints if e.action.effect == "write"]
    return bool(writing) and all(
        str(a.name) in options.allow and setting.model.withheld.find(str(a.name)) for a in writing
    )


def _digest(options: Options, probes: Sequence[Probe]) -> str:
    """Return the digest of a plan: of its seed, and of its probes in their order."""
    text = "\n".join([str(options.seed), *(f"{p.name} {p.print}" for p in probes)])
    return hashlib.sha256(text.encode()).hexdigest()


def _show_shares(options: Options, parts: Mapping[str, int]) -> dict[str, int]:
    """Return the parts of the budget by purpose; empty if the caller set the maximum or the profile."""
    if options.max_requests is not None or options.profile != "standard":
        return {}
    return {name: count for name, count in parts.items() if name != BURSTS or options.limits}


def _select(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    possible: Iterable[Probe],
    wanted: set[str],
    options: Options,
    most: int,
) -> list[Probe]:
    """Return the probes that the wanted contracts need, by stage; `most` is the budget of the run in
    requests.
    """
    ordered = by_phase((p for p in possible if p.priority == 1 or options.profile != "smoke"), options.seed)
    selected = [c for c in contracts if c.id in wanted]
    chosen = choose_probes(setting, ordered, selected)
    if options.only or options.shard:
        chosen += list_further_probes(setting, checks, contracts, ordered, selected, chosen, options, most)
    kept = {id(p) for p in chosen}
    return [p for p in ordered if id(p) in kept]


def _probes(setting: Setting, checks: Mapping[str, Check], roles: frozenset[str]) -> list[Probe]:
    names = sorted(checks, key=lambda name: (name != FIRST, name))
    found = [p for name in names for p in checks[name].list_probes(setting, roles)]
    if setting.mcp is not None:
        return found
    return [p for p in found if p.surface != MCP and not any(d.surface == MCP for d in p.endpoints)]


def _find_room(options: Options, parts: Mapping[str, int], planned: Sequence[Probe]) -> int:
    """Return how many requests of a standard run's budget are left for random calls.

    A deep run has random calls in its plan. A maximum of the caller's leaves them no more requests than
    usual, because it must not cause additional calls.
    """
    if options.profile != "standard" or options.shard or options.only:
        return 0
    usual = budget(replace(options, max_requests=None), parts)
    most = min(budget(options, parts), usual)
    return max(0, most - sum(p.cost for p in planned if p.priority == 1) - RESERVE)


def _draw_random_calls(
    setting: Setting, checks: Mapping[str, Check], room: int, planned: Sequence[Probe], wanted: set[str]
) -> Iterator[Probe]:
    """Yield probes with random calls that take `room` requests together."""
    if room < 1:
        return
    each = min(DRAWS, -(-room // (2 * max(1, len(setting.endpoints)))))
    random = replace(setting, drawn=each, drawn_writes=any(p.writes for p in planned))
    main = frozenset(("main",))
    for check in (checks[name] for name in DRAWING if name in checks):  # a server of tools has neither
        for probe in check.list_probes(random, main):
            if probe.priority == RANDOM and not wanted.isdisjoint(probe.contracts):
                yield probe


def _share(probes: Sequence[Probe], wanted: set[str], most: int, parts: int) -> int:
    """Return a shard's part of the budget in requests.

    The shard's own contracts and the creation of their instances count once. Calls that exceed limits have a
    budget of their own.
    """
    usual = [p for p in probes if p.stage != LAST]
    own = [p for p in usual if any(c in wanted for c in p.contracts)]
    others = sum(p.cost for p in usual) - sum(p.cost for p in own)
    return max(most // parts, sum(p.cost for p in own if p.priority == 1)) + others + RESERVE


def _share_repeats(
    shared: Sequence[Probe], ordered: Sequence[Probe], again: int, whole: int, parts: int
) -> int:
    """Return the number of requests after which a shard repeats nothing; a whole run stops repeating at
    `whole`.

    All shards together repeat as much as the budget of a whole run allows.
    """
    room = max(0, whole - sum(p.cost for p in shared if p.priority == 1))
    return min(again, sum(p.cost for p in ordered if p.priority == 1) + room // parts) if room else 0


def simulate(
    made: Draft, model: Model, parts: int = 1
) -> tuple[dict[str, int], dict[str, int], float, list[Probe]]:
    """Return the requests by bucket and by stage, the seconds at the catalogue's rate limits, and the probes
    that fit the budget.

    `parts` is the number of runs that share the server's rate limits at the same time.
    """
    by_bucket: dict[str, int] = {}
    by_stage: dict[str, int] = {}
    by_key: dict[tuple[str, str, str], int] = {}
    """Requests by identity, surface and bucket, each of which has a rate limit of its own."""
    total = 2
    reached: list[Probe] = []
    shown: set[str] = set()
    for probe in made.probes:
        most = made.max_requests - (made.for_last if probe.stage != LAST else 0)
        if total + probe.cost > (made.again_until if probe.priority == AGAIN else most) or (
            probe.optional and shown.issuperset(probe.contracts)
        ):
            continue
        shown.update(probe.shows)
        total += probe.cost
        reached.append(probe)
        bucket = str(probe.endpoints[0].action.bucket or "") if probe.endpoints else ""
        by_bucket[bucket] = by_bucket.get(bucket, 0) + probe.cost
        own = probe.role, probe.endpoints[0].surface if probe.endpoints else "", bucket
        by_key[own] = by_key.get(own, 0) + probe.cost
        by_stage[str(probe.stage)] = by_stage.get(str(probe.stage), 0) + probe.cost
    seconds = 0.0
    for (_, _, name), count in by_key.items():
        if (told := model.buckets.get(name)) is not None:
            share = told.requests / parts
            windows = max(0.0, count - share) / share
            seconds = max(seconds, (math.ceil(windows) if told.refill == "window" else windows) * told.per_s)
    return by_bucket, dict(sorted(by_stage.items(), key=lambda item: int(item[0]))), seconds, reached
