"""The plan: probes of all checks in order of value, what is left out and why, and what it costs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from pgagents.contract import Contract, Verdict
from pgagents.model import Model
from pgagents.report.report import Result
from pgagents.verify.check import Probe
from pgagents.verify.door import FRAMEWORK, REST
from pgagents.verify.memory import Setting
from pgagents.verify.options import REQUESTS_PER_ACTION, SMOKE_REQUESTS, Identities, Options
from pgagents.verify.safety import NO_WRITES, may_write

DRAWS = 25
PLAINTEXT = "framework/plaintext"
CLASSES = ("needs_key", "refuses_invalid", "absent_id", "needs_scope")
FROM_DATA = ("law", "body_fits")
"""Checks whose watchers judge what a reading action tells of things that calls through other doors made."""
BETWEEN = "same_answer"
"""The check whose watcher compares a dispatcher's answers with REST's."""
FRAMEWORKS = ("framework/unknown_path", "framework/wrong_method", "framework/truncated", "framework/wrong_type")
SHOWING = {"accepts_valid": "correct", "same_answer": "correct", "needs_key": "keyless", "refuses_invalid": "wrong"}
SHUFFLED_FROM = 4
"""Phases from here on run in an order that the seed chooses; the ones before build on each other."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Probes in order, and the contracts that are decided before any traffic."""

    probes: tuple[Probe, ...]
    settled: Mapping[str, Result]
    max_requests: int
    digest: str
    writes: bool = True
    asked: Mapping[str, str] = field(default_factory=dict)
    """Contracts that nothing in this plan provokes, with what would; they are judged if it happens all the same."""


def all_contracts(setting: Setting, checks: Mapping[str, ModuleType]) -> tuple[Contract, ...]:
    """Every contract of every check, in the order of check names, each id once."""

    def listed() -> tuple[Contract, ...]:
        found: dict[str, Contract] = {}
        for name in sorted(checks):
            for contract in checks[name].promises(setting):
                found.setdefault(contract.id, contract)
        return tuple(found.values())

    return setting.kept("contracts", listed)


def budget(setting: Setting, options: Options) -> int:
    """How many requests may be sent."""
    if options.max_requests is not None:
        return options.max_requests
    if options.profile == "smoke":
        return SMOKE_REQUESTS
    return 10**9 if options.profile == "deep" else max(SMOKE_REQUESTS, REQUESTS_PER_ACTION * len(setting.doors))


def draft(
    setting: Setting, checks: Mapping[str, ModuleType], contracts: Sequence[Contract], options: Options, identities: Identities
) -> Draft:
    """Order the probes and settle what is not selected or not claimed."""
    writes = may_write(setting.model, identities, options, setting.url)
    setting.fuzz, setting.draws, setting.seed = options.profile != "smoke", DRAWS if options.profile == "deep" else 0, options.seed
    roles = frozenset(identities.keys)
    probes = [p for name in sorted(checks) if hasattr(checks[name], "probes") for p in checks[name].probes(setting, roles)]
    settled = _settled(setting, contracts, options, writes)
    wanted = {c.id for c in contracts if c.id not in settled}
    settled |= _without_identity(setting, probes, contracts, wanted, identities, options)
    wanted -= settled.keys()
    possible = [p for p in probes if _identified(p, identities) and (writes or not p.writes)]
    ordered = _ordered((p for p in possible if p.tier == 1 or options.profile != "smoke"), options.seed)
    if options.profile == "smoke":
        ordered = _smoke(ordered)
    chosen = _chosen(ordered, wanted)
    if options.only:
        watched = [c for c in contracts if c.id in wanted and hasattr(checks[c.check], "watch")]
        chosen += _bearing(setting, ordered, watched, chosen, options)
    kept = {id(p) for p in chosen}
    ordered = [p for p in ordered if id(p) in kept]
    text = "\n".join([str(options.seed), *(f"{p.name} {p.print}" for p in ordered)])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Draft(tuple(ordered), settled, budget(setting, options), digest, writes, _only_when_limited(setting, contracts))


def _chosen(probes: Sequence[Probe], wanted: set[str]) -> list[Probe]:
    """The probes for the wanted contracts, and for each door they are about those that show it at all: a correct call,
    one without a key, a wrong one. Without a correct call nothing about a door is believed."""
    places = {id.rpartition("/")[2] for id in wanted}
    shown: dict[tuple[str, str], Probe] = {}
    for probe in sorted(probes, key=lambda p: (p.tier, p.phase, p.name)):
        head = probe.name.partition("/")[0]
        for door in probe.doors:
            if door.place in places and head in SHOWING:
                shown.setdefault((SHOWING[head], door.place), probe)
    needed = {id(p) for p in shown.values()}
    return [p for p in probes if id(p) in needed or any(c in wanted for c in p.covers)]


def _bearing(
    setting: Setting, ordered: Sequence[Probe], watched: Sequence[Contract], chosen: Sequence[Probe], options: Options
) -> list[Probe]:
    """The other probes whose exchanges the watchers of selected contracts would judge in a whole run, as the budget allows.

    They go through the contracts' doors, or get the framework's own refusals; where a reading action tells of things that
    were made, they also make and change things correctly.
    """
    places = {c.id.rpartition("/")[2] for c in watched} | {f"{c.action}@{REST}" for c in watched if c.check == BETWEEN}
    effects = {d.place: d.action.effect for d in setting.doors}
    told = {str(call.action.name) for r in setting.model.resources.values() if r.made_by for call in (*r.read_by, *r.listed_by)}
    making = any((c.check in FROM_DATA or c.action in told) and effects.get(f"{c.action}@{c.surface}") == "read" for c in watched)
    taken = {id(p) for p in chosen}
    spare = budget(setting, options) - sum(p.cost for p in chosen)
    found: list[Probe] = []
    for probe in ordered:
        head, surface = probe.name.partition("/")[0], probe.name.rpartition("@")[2]
        bears = any(d.place in places for d in probe.doors)
        bears = bears or (f"{FRAMEWORK}@{surface}" in places and (head == FRAMEWORK or not probe.doors))
        bears = bears or (making and probe.writes and head not in (*CLASSES, FRAMEWORK))
        skipped = all(_matches(id, options.skip) for id in probe.covers)
        if id(probe) not in taken and bears and not skipped and probe.cost <= spare:
            spare -= probe.cost
            found.append(probe)
    return found


def _smoke(ordered: Sequence[Probe]) -> list[Probe]:
    """A correct call of each action on each surface first, then one of each class of error on one action a surface."""
    met: set[tuple[str, str]] = set()
    ranks: dict[str, int] = {}
    for probe in ordered:
        head, _, rest = probe.name.partition("/")
        place = rest.rpartition("/")[2]
        surface = place.rpartition("@")[2]
        correct = head == "same_answer" or (head == "accepts_valid" and surface == REST)
        key = ("correct", place) if correct else (f"{head}/{rest.partition('/')[0]}" if head == "framework" else head, surface)
        first = key not in met and (correct or head in CLASSES or probe.name.startswith(FRAMEWORKS))
        met.add(key)
        ranks[probe.name] = (0 if surface == REST else 1) if first and correct else 2 if first else 3
    return sorted(ordered, key=lambda p: ranks[p.name])


def _only_when_limited(setting: Setting, contracts: Sequence[Contract]) -> dict[str, str]:
    limited = setting.model.errors.framework.limited
    status = setting.model.codes[limited].status if limited else 429
    names = [h.name for h in setting.model.headers if set(h.on) == {status}]
    return {
        c.id: f"only a {status} shows it, and nothing here exceeds a limit"
        for c in contracts
        for n in names
        if c.id.startswith(f"answer_headers/{n}/")
    }


def _identified(probe: Probe, identities: Identities) -> bool:
    signers = {d.action.signed.role for d in probe.doors if d.action.signed is not None}
    return {probe.role, *signers} <= identities.keys.keys()


def _ordered(probes: Iterable[Probe], seed: int) -> list[Probe]:
    by_phase: dict[tuple[int, int], list[Probe]] = {}
    for probe in probes:
        by_phase.setdefault((probe.tier, probe.phase), []).append(probe)
    found: list[Probe] = []
    for key in sorted(by_phase):
        group = by_phase[key]
        if key[1] >= SHUFFLED_FROM:
            random.Random(f"{seed}-{key}").shuffle(group)
        found += group
    return found


def _matches(id: str, patterns: Iterable[str]) -> bool:
    return any(id == p or id.startswith(p) for p in patterns)


def _settled(setting: Setting, contracts: Sequence[Contract], options: Options, writes: bool) -> dict[str, Result]:
    found: dict[str, Result] = {}
    effects = {d.place: d.action.effect for d in setting.doors}
    for contract in contracts:
        place = f"{contract.action}@{contract.surface}"
        if contract.id.startswith(PLAINTEXT) and setting.https and not setting.plain_url:
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, "needs the target's plain-http twin: add --plain-url URL")
        elif options.only and not _matches(contract.id, options.only):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, "left out by --only")
        elif _matches(contract.id, options.skip):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, "left out by --skip")
        elif reason := _unclaimed(setting, contract):
            found[contract.id] = Result(contract, Verdict.NOT_CLAIMED, reason)
        elif not writes and effects.get(place) == "write":
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, NO_WRITES)
    return found


def _unclaimed(setting: Setting, contract: Contract) -> str:
    if not setting.https and any(h.https and contract.id.startswith(f"answer_headers/{h.name}/") for h in setting.model.headers):
        return "claimed of https addresses only"
    if contract.id.startswith(PLAINTEXT) and not setting.https:
        return "claimed of https addresses only"
    return ""


def _without_identity(
    setting: Setting, probes: Sequence[Probe], contracts: Sequence[Contract], wanted: set[str], identities: Identities, options: Options
) -> dict[str, Result]:
    signers = {d.place: d.action.signed.role for d in setting.doors if d.action.signed is not None}
    roles: dict[str, set[str]] = {
        c.id: {signers[place]} for c in contracts if (place := f"{c.action}@{c.surface}") in signers
    }  # fmt: skip
    for probe in probes:
        for id in probe.covers:
            if id.rpartition("/")[2] not in signers:
                roles.setdefault(id, set()).add(probe.role)
    found = {}
    for contract in contracts:
        needed = roles.get(contract.id, set())
        if contract.id in wanted and needed and not needed & identities.keys.keys():
            role = min(needed)
            required = bool(needed & set(options.require))
            verdict = Verdict.UNTESTED if required else Verdict.NOT_SELECTED
            found[contract.id] = Result(contract, verdict, f"needs the identity `{role}`: add --identity {role}=ENVVAR")
    return found


def simulate(made: Draft, model: Model) -> tuple[dict[str, int], dict[str, int], float, list[Probe]]:
    """Requests by bucket and by phase, seconds at the catalogue's pace, and the probes that the budget reaches."""
    by_bucket: dict[str, int] = {}
    by_phase: dict[str, int] = {}
    total = 2
    reached: list[Probe] = []
    for probe in made.probes:
        if total + probe.cost > made.max_requests:
            continue
        total += probe.cost
        reached.append(probe)
        bucket = str(probe.doors[0].action.bucket or "") if probe.doors else ""
        by_bucket[bucket] = by_bucket.get(bucket, 0) + probe.cost
        by_phase[str(probe.phase)] = by_phase.get(str(probe.phase), 0) + probe.cost
    seconds = 0.0
    for name, count in by_bucket.items():
        if (told := model.buckets.get(name)) is not None:
            seconds = max(seconds, max(0, count - told.requests) * told.per_s / told.requests)
    return by_bucket, by_phase, seconds, reached
