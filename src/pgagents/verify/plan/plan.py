"""Draft the plan of a run: the probes of all checks, the contracts left out with their reasons, and the
cost.

A plan has the probes that the selected contracts need, divided among the shards, within a budget of
requests.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgagents.base.http import Handler
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import FRAMEWORK, Contract
from pgagents.report.report import Result
from pgagents.verify.cases.generated import list_drawn_places
from pgagents.verify.plan.options import (
    AGAIN_PER_ACTION,
    DISCOVERY_FLAG,
    DRAWN_PER_ACTION,
    MOST_PER_ACTION,
    REQUESTS_PER_ACTION,
    SMOKE_REQUESTS,
    Identities,
    Options,
)
from pgagents.verify.plan.order import LAST, by_phase, for_smoke, order_for_survey
from pgagents.verify.plan.selection import (
    list_possible,
    list_shown_when_limited,
    list_spared,
    loopback,
    matches,
    may_write,
    settle_contracts,
    settle_without_identity,
)
from pgagents.verify.plan.shards import FIRST, elsewhere, find_makers, list_needs
from pgagents.verify.promise import AGAIN, CLIENT, RANDOM, RECEIVER, Check, Probe
from pgagents.verify.setting import Setting, compile_catalogue
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_link import Link
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
    return Setting(
        compile_catalogue(model, url, tools_lead=options.tools_lead and mcp is not None),
        plain_url,
        seed=options.seed,
        drawn=DRAWS if options.profile == "deep" else 0,
        drawn_writes=may_write(model, identities, options),
        limits=options.limits,
        test_data=may_write(model, identities, replace(options, allow_writes=False)),
        spared=list_spared(model, identities, options),
        discovery=options.only_said == DISCOVERY_FLAG,
        exclusive=options.shard is None
        and (options.exclusive or loopback(url)),  # other shards use the server, too
        sharded=options.shard is not None,
        mcp=mcp,
        receiver=receiver,
        bare=bare,
        oauth=identities.oauth,
        reach=identities.reach,
        servers=identities.servers,
        roles=identities.roles,
        allow=frozenset(options.allow),
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
    theirs = _list_theirs(setting, checks, contracts, options, shared)
    settled = settle_contracts(setting, checks, contracts, options, writes, theirs)
    wanted = {c.id for c in contracts if c.id not in settled}
    settled |= settle_without_identity(setting, probes, contracts, wanted, identities)
    wanted -= settled.keys()
    possible = [p for p in with_keys if writes or not p.writes or _is_allowed(setting, p, options)]
    parts = shares(setting, checks, possible)
    ordered = _select(setting, checks, contracts, possible, wanted, options, budget(options, parts))
    most = budget(options, parts)
    whole = ordered if options.shard is None else [p for p in possible if p.stage != LAST]
    room = _find_room(options, parts, whole)
    random = _allow_random_calls(setting, room, contracts, wanted, writes=any(p.writes for p in whole))
    if options.shard:
        room = _share_room(random, room)
    order = for_smoke if options.profile == "smoke" else order_for_survey
    ordered = order(setting, ordered, [c for c in contracts if c.id in wanted], min(SMOKE_REQUESTS, most))
    if options.shard and options.max_requests is None and options.profile == "standard":
        most = min(most, _share(ordered, wanted, most, room, options.shard[1]))
    again = again_until(setting, options, most)
    if options.shard:
        until = again_until(setting, options, budget(options, parts))
        again = _share_repeats(shared, ordered, again, until, options.shard[1])
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
        lambda: _draw_random_calls(random, checks, wanted) if room else (),
        room,
        random.drawn_writes,
        _list_for_writing(with_keys, possible, wanted),
        unprovoked,
    )


def _list_theirs(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    options: Options,
    probes: Sequence[Probe],
) -> frozenset[str]:
    """Return the contracts that other shards verify; none in a whole run, whose probes these are."""
    if options.shard is None:
        return frozenset()
    of_actions = list_needs(setting, probes)
    return elsewhere(contracts, options.shard, probes, of_actions, lambda c: checks[c.check].needs_others(c))


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
    few = frozenset[str]() if options.shard is None else _list_shown_by_own(checks, ordered, selected)
    chosen = choose_probes(setting, ordered, selected, few)
    if options.only or options.shard:
        chosen += list_further_probes(setting, checks, contracts, ordered, selected, chosen, options, most)
    kept = {id(p) for p in chosen}
    return [p for p in ordered if id(p) in kept]


def _list_shown_by_own(
    checks: Mapping[str, Check], probes: Sequence[Probe], contracts: Sequence[Contract]
) -> frozenset[str]:
    """Return the contracts that their own probes show, among them a correct call of their endpoint."""
    own = {
        contract.id: contract.place
        for contract in contracts
        if not checks[contract.check].needs_others(contract)
    }
    return frozenset(
        id
        for probe in probes
        if checks[probe.check].calls_correctly
        for id in probe.contracts
        if id in own and any(endpoint.place == own[id] for endpoint in probe.endpoints)
    )


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
    if options.profile != "standard" or options.only:
        return 0
    usual = budget(replace(options, max_requests=None), parts)
    most = min(budget(options, parts), usual)
    return max(0, most - sum(p.cost for p in planned if p.priority == 1) - RESERVE)


def _allow_random_calls(
    setting: Setting, room: int, contracts: Iterable[Contract], wanted: set[str], *, writes: bool
) -> Setting:
    """Return the setting in which checks list random calls, as many as take `room` requests of a whole run.

    A shard lists those of its own contracts. They are the calls that a whole run would send for them.
    """
    each = min(DRAWS, -(-room // (2 * max(1, len(setting.endpoints)))))
    own = frozenset(c.place for c in contracts if c.check in DRAWING and c.id in wanted)
    return replace(setting, drawn=each, drawn_writes=writes, drawn_for=own if setting.sharded else None)


def _share_room(random: Setting, room: int) -> int:
    """Return a shard's part of the requests for random calls, by the number of its operations that have
    some.
    """
    places = list_drawn_places(random)[0] if room else frozenset()
    return -(-room * len(places & (random.drawn_for or frozenset())) // max(1, len(places)))


def _draw_random_calls(random: Setting, checks: Mapping[str, Check], wanted: set[str]) -> Iterator[Probe]:
    """Yield probes with random calls for the wanted contracts."""
    main = frozenset(("main",))
    for check in (checks[name] for name in DRAWING if name in checks):  # a server of tools has neither
        for probe in check.list_probes(random, main):
            if probe.priority == RANDOM and not wanted.isdisjoint(probe.contracts):
                yield probe


def _share(probes: Sequence[Probe], wanted: set[str], most: int, room: int, parts: int) -> int:
    """Return a shard's part of the budget in requests.

    The shard's own contracts, its random calls (`room`) and the creation of their instances count once. Calls
    that exceed limits have a budget of their own.
    """
    usual = [p for p in probes if p.stage != LAST]
    own = [p for p in usual if any(c in wanted for c in p.contracts)]
    others = sum(p.cost for p in usual) - sum(p.cost for p in own)
    return max(most // parts, sum(p.cost for p in own if p.priority == 1) + room) + others + RESERVE


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


# -- the probes that the selected contracts need


CLASSES = ("key_authentication", "invalid_input", "absent_id", "plan_scopes")
"""Checks whose probes are about refusals, and so prove nothing about instances."""
SHOWING = {
    "valid_calls": "correct",
    "surface_equivalence": "correct",
    "key_authentication": "keyless",
    "invalid_input": "wrong",
}
"""Checks that have a basic call of each endpoint, and the name of that call."""
FROM_DATA = ("law", "response_schema", "consistent_representations")
"""Checks of a reading action's answer about instances that were made through other endpoints."""
BETWEEN = "surface_equivalence"
"""The check that compares a dispatcher's answers with the answers over REST."""


def choose_probes(
    setting: Setting,
    probes: Sequence[Probe],
    contracts: Sequence[Contract],
    shown: frozenset[str],
) -> list[Probe]:
    """Choose the probes for these contracts, and a few basic calls of each of their endpoints.

    These are a correct call, one without a key and an invalid one. No contract of an endpoint can be judged
    without a correct call. The contracts with the ids `shown` need none of them.
    """
    wanted = {c.id for c in contracts}
    places = _carrying(setting, (c for c in contracts if c.id not in shown))
    basic: dict[tuple[str, str], Probe] = {}
    showing = [(SHOWING[head], p) for p in probes if (head := p.check) in SHOWING]
    for what, probe in sorted(showing, key=lambda s: (s[1].priority, s[1].stage, s[1].name)):
        for endpoint in probe.endpoints:
            if endpoint.place in places:
                basic.setdefault((what, endpoint.place), probe)
    needed = {id(p) for p in basic.values()}
    return [p for p in probes if id(p) in needed or any(c in wanted for c in p.contracts)]


def _carrying(setting: Setting, contracts: Iterable[Contract]) -> set[str]:
    """Return the places of the contracts.

    A contract on a vendor's surface has the places of all endpoints of its action, because a vendor's call
    goes through one of them.
    """
    places = {c.place: c.action for c in contracts}
    endpoints = {d.place for d in setting.usable}
    elsewhere = {action for place, action in places.items() if place not in endpoints}
    return places.keys() | {d.place for d in setting.usable if str(d.action.name) in elsewhere}


def list_further_probes(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    ordered: Sequence[Probe],
    selected: Sequence[Contract],
    chosen: Sequence[Probe],
    options: Options,
    most: int,
) -> list[Probe]:
    """Return further probes, within the budget, on whose exchanges the selected contracts are judged, too.

    - Probes that call the endpoints of the contracts, or get the framework's own refusals.
    - Where an action reads instances, probes that make and change such instances correctly.
    - With `--only`, all probes for a contract about a whole surface, unless the caller bounds the requests.
    - All probes of a check that is self-contained.

    A shard gets few of them, because the other shards send the rest. It gets those that show its contracts,
    and correct calls that make or change what its reads answer. A probe that a whole run with these options
    leaves out, such as a burst, is left out here too.
    """
    watched = [c for c in selected if checks[c.check].needs_others(c)]
    is_useful = (
        _make_usefulness_test(setting, checks, watched, selected, options)
        if options.shard is None
        else _make_shard_test(setting, watched, selected)
    )
    limited = options.limits and bool(list_shown_when_limited(setting, watched))
    known = {c.id: c for c in contracts}

    def in_whole_run(probe: Probe) -> bool:
        covered = [known[id] for id in probe.contracts if id in known]
        return any(checks[c.check].settle(setting, c) is None for c in covered)

    taken = {id(p) for p in chosen}
    spare = most - sum(p.cost for p in chosen if p.stage != LAST)
    found: list[Probe] = []
    for probe in ordered:
        if id(probe) in taken or all(matches(id, options.skip) for id in probe.contracts):
            continue
        if limited and probe.stage == LAST:  # bursts have a budget of their own
            found.append(probe)
        elif probe.cost <= spare and is_useful(probe) and in_whole_run(probe):
            spare -= probe.cost
            found.append(probe)
    return found


def _judge_instances(setting: Setting, contracts: Iterable[Contract]) -> bool:
    """True if one of these contracts is about a reading action's answer on instances that the run makes."""
    effects = {d.place: d.action.effect for d in setting.every_endpoint}
    told = {
        str(call.action.name)
        for r in setting.model.resources.values()
        if r.made_by
        for call in (*r.read_by, *r.listed_by)
    }
    return any(
        (c.check in FROM_DATA or c.action in told) and effects.get(c.place) == "read" for c in contracts
    )


def _make_usefulness_test(
    setting: Setting,
    checks: Mapping[str, Check],
    watched: Sequence[Contract],
    selected: Sequence[Contract],
    options: Options,
) -> Callable[[Probe], bool]:
    """Return a function that returns True for a probe on whose exchanges `watched` contracts are judged."""
    places, from_data = _carrying(setting, watched), _judge_instances(setting, watched)
    leads = [setting.find_lead(c.action) for c in watched if c.check == BETWEEN]
    places |= {lead.place for lead in leads if lead is not None}
    # if the caller bounds the requests, they are for the contracts' own probes
    whole = options.only and options.max_requests is None
    surfaces = {c.surface for c in watched if c.place == f"@{c.surface}"} if whole else set()
    own = {c.check for c in selected if checks[c.check].self_contained} if options.only else set()
    wanted = {c.id for c in selected}

    def is_useful(probe: Probe) -> bool:
        if any(d.place in places or d.surface in surfaces for d in probe.endpoints):
            return True
        if probe.check in own or not wanted.isdisjoint(probe.shows):
            return True
        if f"{FRAMEWORK}@{probe.surface}" in places and (probe.check == FRAMEWORK or not probe.endpoints):
            return True
        return from_data and probe.writes and probe.check not in (*CLASSES, FRAMEWORK)

    return is_useful


def _make_shard_test(
    setting: Setting, watched: Sequence[Contract], selected: Sequence[Contract]
) -> Callable[[Probe], bool]:
    """Return a function that returns True for a probe on whose exchanges a shard's contracts are judged."""
    wanted = {contract.id for contract in selected}
    reading = [e.action for c in watched if (e := setting.by_place.get(c.place)) is not None]
    makes = find_makers(setting, reading)

    def is_useful(probe: Probe) -> bool:
        return not wanted.isdisjoint(probe.shows) or (probe.check == FIRST and makes(probe))

    return is_useful


# -- the number of requests that a run may send.
#
# The main key gets 25 requests for each action and surface, or what its plan needs, up to 50, and the steps
# of the author's workflows. If the API is known from a document alone, random calls add 10 for each action.
# Each further identity or aid adds what its part of the plan needs. Aids are a second project's key, a
# receiver of events, an OAuth client, and bursts. Some requests come on top: those that undo something,
# repeat a call to a busy server, or split a refused call. They are at most a fifth of the run, and there are
# none if the caller set a maximum.


WORKFLOWS = "workflow_runs"
MAIN, BURSTS = "main", "bursts"
UNBOUNDED = 10**9
APART = 5
"""The requests on top of a budget are at most the budget divided by this number."""


def budget(options: Options, shares: Mapping[str, int]) -> int:
    """Return how many requests may be sent. Bursts are not included."""
    if options.max_requests is not None:
        return options.max_requests
    if options.profile == "smoke":
        return SMOKE_REQUESTS
    if options.profile == "deep":
        return UNBOUNDED
    return max(SMOKE_REQUESTS, sum(count for name, count in shares.items() if name != BURSTS))


def apart(options: Options, most: int) -> int:
    """Return how many requests may be sent on top of the budget; 0 if the caller set a maximum."""
    return 0 if options.max_requests is not None or options.profile == "smoke" else most // APART


def again_until(setting: Setting, options: Options, max_requests: int) -> int:
    """Return the number of requests after which no probe of priority 2 starts.

    A probe of priority 2 only repeats contracts that other probes cover. A standard budget keeps its last
    part for refused calls, replaced instances and repeated failing cases.
    """
    if options.profile != "standard" or options.max_requests is not None:
        return max_requests
    return min(max_requests, AGAIN_PER_ACTION * len(setting.usable))


def shares(setting: Setting, checks: Mapping[str, Check], probes: Sequence[Probe]) -> dict[str, int]:
    """Return the requests that the main key may send, and those that each further identity, aid and bursts
    add.

    `probes` are those for which the run has the identities.
    """
    aids = {CLIENT: setting.oauth, RECEIVER: setting.receiver}
    found: dict[str, int] = {MAIN: REQUESTS_PER_ACTION * len(setting.usable)}
    most = MOST_PER_ACTION * len(setting.usable)
    for probe in (p for p in probes if p.priority == 1):
        aid = checks[probe.check].aid
        owner = BURSTS if probe.stage == LAST else _identity(probe) or (aid if aids.get(aid) else "")
        found[owner] = found.get(owner, 0) + probe.cost
        most += probe.cost if not owner and probe.check == WORKFLOWS else 0
    planned = min(found.pop("", 0), most)
    return {**found, MAIN: max(found[MAIN], planned) + count_drawn(setting)}


def count_drawn(setting: Setting) -> int:
    """Return the number of random calls for an API that is known from a document alone.

    A document has no laws, so only random combinations of values can reveal problems that depend on several
    arguments.
    """
    return DRAWN_PER_ACTION * len(setting.usable) if setting.model.errors.inferred else 0


def _identity(probe: Probe) -> str:
    """Return the identity, besides the main one, that a probe needs; empty if it needs none."""
    signers = {
        endpoint.action.signed.role for endpoint in probe.endpoints if endpoint.action.signed is not None
    }
    return next((role for role in (probe.role, *sorted(signers)) if role not in ("", MAIN)), "")
